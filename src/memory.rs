//! What the process holds, and what it can give back.
//!
//! It is about glibc's allocator. Others look after this themselves, and there nothing happens.

/// Lets each thread give back what it has freed at the end of its heap, from now on. To be called once, at the start.
///
/// glibc raises the size from which it does so with each large block that is freed, to megabytes, and
/// [`give_back`] does not reach the end of any heap but the first thread's. What a server's list of channels leaves
/// behind on the gateway's thread would stay for good: a bot with 2,000 tickets would hold 15.5 MiB instead of 12.5.
pub fn keep_little() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "no library offers this call as a safe one")]
    // SAFETY: it may be called at any time and by any thread (mallopt(3)), and only sets a number.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
    }
}

/// So many free bytes at the end of a heap are kept for the next time they are wanted.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: libc::c_int = 256 * 1024;

/// Gives the system back what was freed.
///
/// glibc keeps freed memory for the next time it is wanted, and gives back only what lies at the end of its heap. After
/// something large and brief, such as a server's whole list of channels taken apart by the library, that is nearly
/// nothing: a bot with 2,000 tickets would hold 26 MiB at rest instead of 11.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "no library offers this call as a safe one")]
    // SAFETY: it may be called at any time and by any thread (malloc_trim(3)), and touches only what was freed.
    unsafe {
        libc::malloc_trim(0);
    }
}
