//! Planted defects are noticed, each on the seed that `mutants.txt` names; and no build without the feature `mutants` has any.

#[cfg(not(feature = "mutants"))]
#[test]
fn none_is_planted() {
    use syncline_model::mutant::{Mutant, planted};

    // A constant: what it guards does not come into a binary.
    const { assert!(!planted(Mutant::CursorBeforeQueue)) };
    assert!(Mutant::ALL.iter().all(|mutant| !planted(*mutant)));
}

#[cfg(feature = "mutants")]
mod planted {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use syncline_model::mutant::Mutant;
    use syncline_simulation::mutants::{SEEDS_MAX, catch, home, is_sound};

    /// A mutant and the seed that shows it, a line each; `-` for one that nothing shows yet. `syncline-simulation --mutants --record` writes it.
    const LIST: &str = include_str!("../mutants.txt");

    /// So many must be caught.
    const CAUGHT_MIN: usize = 25;

    fn list() -> BTreeMap<Mutant, Option<u64>> {
        let entry = |line: &str| {
            let (name, seed) = line.split_once(' ').unwrap_or_else(|| panic!("{line:?} names no seed"));
            let mutant = Mutant::named(name).unwrap_or_else(|| panic!("there is no mutant {name}"));
            (mutant, seed.parse().ok())
        };
        LIST.lines().map(entry).collect()
    }

    #[test]
    fn each_is_in_the_list() {
        let list = list();
        for mutant in Mutant::ALL {
            assert!(list.contains_key(mutant), "{} is not in mutants.txt", mutant.name());
        }
        let seeds: Vec<u64> = list.into_values().flatten().collect();
        assert!(seeds.len() >= CAUGHT_MIN, "only {} are caught", seeds.len());
        assert!(seeds.iter().all(|seed| *seed < SEEDS_MAX));
    }

    #[test]
    fn each_is_caught_on_its_seed_and_nothing_else_is_wrong_there() {
        let list: Vec<(Mutant, u64)> = list().into_iter().filter_map(|(mutant, seed)| Some((mutant, seed?))).collect();
        let next = AtomicUsize::new(0);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let work = || {
            let mut missed = Vec::new();
            while let Some((mutant, seed)) = list.get(next.fetch_add(1, Ordering::Relaxed)) {
                if !is_sound(home(*mutant), *seed) {
                    missed.push(format!("seed {seed}, which is to show {}, fails without it", mutant.name()));
                } else if catch(*mutant, *seed).is_none() {
                    missed.push(format!("{} is not caught on seed {seed}", mutant.name()));
                }
            }
            missed
        };
        let missed: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert!(missed.is_empty(), "{}", missed.join("\n"));
    }
}
