//! Doing the same with many things, several at a time, for work that mostly waits.

use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// So many at a time as there are cores, times this.
pub(crate) fn jobs(a_core: usize) -> usize {
    a_core * thread::available_parallelism().map_or(1, usize::from)
}

/// What `work` makes of each of `items`, in their order. `begun` is called, by this thread, as the work on an item begins.
pub(crate) fn map<T: Sync, R: Send>(
    items: &[T],
    jobs: usize,
    work: impl Fn(&T) -> R + Sync,
    mut begun: impl FnMut(&T),
) -> Vec<R> {
    let queue = Mutex::new(items.iter().enumerate());
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let (sender, news) = mpsc::channel();
        for _ in 0..jobs.clamp(1, items.len().max(1)) {
            let (sender, queue, work) = (sender.clone(), &queue, &work);
            scope.spawn(move || {
                loop {
                    let Some((at, item)) = queue.lock().unwrap_or_else(PoisonError::into_inner).next() else {
                        return;
                    };
                    // The receiver outlives all senders, but for a panic, which is told anyway.
                    let _ = sender.send((at, None));
                    let _ = sender.send((at, Some(work(item))));
                }
            });
        }
        drop(sender);
        for (at, result) in news {
            match result {
                None => begun(&items[at]),
                result => results[at] = result,
            }
        }
    });
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<_> = (0..50).collect();
        let mut begun = Vec::new();
        let doubled = map(&items, 4, |item| item * 2, |item| begun.push(*item));
        assert_eq!(doubled, (0..50).map(|item| item * 2).collect::<Vec<_>>());
        begun.sort_unstable();
        assert_eq!(begun, items);
        assert!(map(&[], 4, |item: &i32| *item, |_| {}).is_empty());
    }

    #[test]
    fn as_many_as_wanted_are_under_way_at_once() {
        // Nobody comes past it alone.
        let barrier = Barrier::new(3);
        let met = map(&[(), (), ()], 3, |()| barrier.wait().is_leader(), |()| {});
        assert_eq!(met.iter().filter(|leader| **leader).count(), 1);
    }
}
