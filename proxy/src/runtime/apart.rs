//! A future that shares a task with others and is polled only when it is woken itself.
//!
//! What a connection waits for besides requests is many, and nearly never comes: to ask for all of it with each step of each request costs more than the step.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// A pinned future, and whether it has been woken.
pub(super) struct Apart<'a, F> {
    future: Pin<&'a mut F>,
    call: Option<(Arc<Call>, Waker)>,
}

/// What wakes it.
struct Call {
    is_woken: AtomicBool,
    task: Waker,
}

// === impl Call ===

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

// === impl Apart ===

impl<'a, F: Future> Apart<'a, F> {
    pub(super) fn new(future: Pin<&'a mut F>) -> Self {
        Self { future, call: None }
    }
}

impl<F: Future> Future for Apart<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { future, call } = &mut *self;
        // Another task, or the first time: whatever it waits for has to know whom to wake.
        if call
            .as_ref()
            .is_none_or(|(call, _)| !call.task.will_wake(cx.waker()))
        {
            let is_woken = AtomicBool::new(true);
            let task = cx.waker().clone();
            let new = Arc::new(Call { is_woken, task });
            *call = Some((Arc::clone(&new), Waker::from(new)));
        }
        match call {
            Some((call, waker)) if call.is_woken.load(Ordering::Relaxed) => {
                // Taken back first: who is woken while it is polled has another turn.
                call.is_woken.swap(false, Ordering::Acquire);
                future.as_mut().poll(&mut Context::from_waker(waker))
            }
            _ => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn it_is_polled_when_it_is_woken_and_not_when_others_are() {
        let (own, others, polls) = (Notify::new(), Notify::new(), Cell::new(0));
        let future = async {
            let mut waited = pin!(own.notified());
            std::future::poll_fn(|cx| {
                polls.set(polls.get() + 1);
                waited.as_mut().poll(cx)
            })
            .await;
        };
        let mut future = pin!(future);
        let mut apart = Apart::new(future.as_mut());
        let mut done = false;
        let driver = async {
            for _ in 0..5 {
                tokio::task::yield_now().await;
                others.notify_one();
            }
            own.notify_one();
        };
        let mut driver = pin!(driver);
        let mut is_driven = false;
        while !done {
            tokio::select! {
                biased;
                () = &mut apart => done = true,
                () = &mut driver, if !is_driven => is_driven = true,
                () = others.notified() => {}
            }
        }
        assert_eq!(polls.get(), 2);
    }

    #[tokio::test]
    async fn what_goes_to_another_task_is_woken_there() {
        let own = Arc::new(Notify::new());
        let awaited = Arc::clone(&own);
        let mut future = Box::pin(async move { awaited.notified().await });
        tokio::select! {
            biased;
            () = Apart::new(future.as_mut()) => panic!("nobody woke it"),
            () = std::future::ready(()) => {}
        }
        let there = tokio::spawn(async move { Apart::new(future.as_mut()).await });
        tokio::task::yield_now().await;
        own.notify_one();
        there.await.expect("an end");
    }
}
