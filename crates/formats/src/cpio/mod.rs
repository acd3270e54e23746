//! cpio, the format of initial RAM disks and of the payload of RPM packages.

pub mod read;
