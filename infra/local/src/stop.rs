//! The wish to stop: first gracefully, then at once.

use tokio::sync::watch;

/// How far the wish goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    #[default]
    GoOn,
    /// Finish the batch in hand.
    Finish,
    /// Now: what is in hand comes again at the next start.
    AtOnce,
}

/// A handle to stop a run. Clones stop the same run.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<Wish>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(Wish::GoOn))
    }
}

impl Stop {
    /// Raises the wish; it never goes back.
    pub fn wish(&self, wish: Wish) {
        self.0.send_if_modified(|known| {
            let raised = wish > *known;
            *known = wish.max(*known);
            raised
        });
    }

    /// The first Ctrl-C finishes what is in hand, the second stops at once. To be called inside the runtime.
    pub fn on_interrupt(&self) {
        let stop = self.clone();
        tokio::spawn(async move {
            for wish in [Wish::Finish, Wish::AtOnce] {
                if tokio::signal::ctrl_c().await.is_err() {
                    return;
                }
                stop.wish(wish);
            }
        });
    }

    pub(crate) fn is_wished(&self) -> bool {
        *self.0.borrow() > Wish::GoOn
    }

    /// Resolves once the wish goes this far.
    pub(crate) async fn reached(&self, wish: Wish) {
        // The sender lives in `self`, so that the channel never closes while somebody waits.
        drop(self.0.subscribe().wait_for(|known| *known >= wish).await);
    }
}
