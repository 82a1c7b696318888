//! Returns freed memory to the operating system.
//!
//! Both functions configure or trim glibc's allocator. With any other allocator they do nothing.

/// Makes every thread return freed memory at the end of its heap once it exceeds 256 KiB. Call it once, at the start.
///
/// By default glibc raises this threshold to megabytes as large blocks are freed, and [`release_unused`] trims the end of
/// the main heap only. What parsing a server's channel list leaves behind on the gateway's thread would never be
/// returned: a bot with 2,000 tickets would hold 15.5 MiB instead of 12.5.
pub fn limit_retained() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "no library offers this call as a safe one")]
    // SAFETY: it may be called at any time and by any thread (mallopt(3)), and only sets a number.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES);
    }
}

/// Freed memory that each heap keeps at its end for the next allocations.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const TRIM_THRESHOLD_BYTES: libc::c_int = 256 * 1024;

/// Returns all unused memory to the operating system.
///
/// glibc keeps freed memory for later allocations and returns only what lies at the end of a heap. After a large,
/// short-lived allocation, such as a server's parsed channel list, that is nearly nothing: a bot with 2,000 tickets would
/// hold 26 MiB at rest instead of 11.
pub fn release_unused() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "no library offers this call as a safe one")]
    // SAFETY: it may be called at any time and by any thread (malloc_trim(3)), and touches only what was freed.
    unsafe {
        libc::malloc_trim(0);
    }
}
