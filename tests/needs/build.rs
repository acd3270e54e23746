//! What a machine has is looked up again, and the tests are built again, once a program was installed.

fn main() {
    for name in ["CI", "PATH"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    // A missing one would count as changed in every build.
    for dir in std::env::split_paths(&path).filter(|dir| dir.is_dir()) {
        println!("cargo::rerun-if-changed={}", dir.display());
    }
}
