//! The allocator of `fiml`, so that both sides of a comparison run as what is shipped does.

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;
