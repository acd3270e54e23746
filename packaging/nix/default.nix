# `nix-build packaging/nix`, or `callPackage ./packaging/nix { }`. The crates are those of Cargo.lock.
{
  pkgs ? import <nixpkgs> { },
  lib ? pkgs.lib,
}:

pkgs.rustPlatform.buildRustPackage {
  pname = "reprove";
  version = (lib.importTOML ../../Cargo.toml).workspace.package.version;

  src = lib.cleanSource ../..;
  cargoLock.lockFile = ../../Cargo.lock;
  # The pinned compiler is for releases; nixpkgs has one of its own.
  postPatch = "rm rust-toolchain.toml";

  nativeBuildInputs = [ pkgs.installShellFiles ];
  nativeCheckInputs = [ pkgs.git ];
  cargoTestFlags = [ "--package=repro-formats" "--package=repro-explain" "--lib" ];

  postInstall = ''
    installManPage docs/man/*.1
    installShellCompletion docs/completions/repro.bash docs/completions/_repro docs/completions/repro.fish
  '';

  meta = {
    description = "Makes, verifies and explains reproducible builds of Rust programs";
    homepage = "https://github.com/repro-rs/repro";
    license = [ lib.licenses.mit lib.licenses.asl20 ];
    mainProgram = "repro";
    platforms = lib.platforms.linux;
  };
}
