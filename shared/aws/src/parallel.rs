//! A few requests at a time: a pull that queues thousands of changes waits for the network, not for each request in turn.

use std::collections::BTreeMap;

use tokio::task::JoinSet;

/// The most requests that one call of a port has under way.
const REQUESTS_AT_ONCE_MAX: usize = 8;

/// A job ended without an answer: it panicked, or the runtime is shutting down.
#[derive(Debug)]
pub(crate) struct JobLost;

/// Runs the jobs and gives their answers in the jobs' order. Dropping the future stops the jobs.
pub(crate) async fn in_parallel<F>(jobs: Vec<F>) -> Result<Vec<F::Output>, JobLost>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let mut waiting = jobs.into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut answers = BTreeMap::new();
    loop {
        while running.len() < REQUESTS_AT_ONCE_MAX
            && let Some((place, job)) = waiting.next()
        {
            running.spawn(async move { (place, job.await) });
        }
        match running.join_next().await {
            Some(Ok((place, answer))) => answers.insert(place, answer),
            Some(Err(_)) => return Err(JobLost),
            None => return Ok(answers.into_values().collect()),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn answers_come_in_order_and_few_run_at_once() {
        let running = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let jobs = (0..50_usize)
            .map(|number| {
                let (running, most) = (running.clone(), most.clone());
                async move {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    for _ in 0..(50 - number) {
                        tokio::task::yield_now().await;
                    }
                    running.fetch_sub(1, Ordering::SeqCst);
                    number
                }
            })
            .collect();
        assert_eq!(in_parallel(jobs).await.unwrap(), (0..50).collect::<Vec<_>>());
        assert_eq!(most.load(Ordering::SeqCst), REQUESTS_AT_ONCE_MAX);
    }
}
