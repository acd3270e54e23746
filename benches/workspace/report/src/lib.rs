pub fn start() {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    tracing_subscriber::fmt().with_env_filter(filter).json().init();
}

#[tracing::instrument]
pub fn step(name: &str) {
    tracing::info!(name, "done");
}
