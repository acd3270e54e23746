//! cpio, as initial RAM disks and the payloads of RPM packages are packed.

pub mod read;
