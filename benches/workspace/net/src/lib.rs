use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use model::Item;
use store::Store;

async fn item(State(store): State<Arc<Store>>, Path(name): Path<String>) -> Json<Option<Item>> {
    Json(store.get(&name).ok())
}

pub async fn serve(store: Arc<Store>) -> std::io::Result<()> {
    let layer = tower_http::trace::TraceLayer::new_for_http();
    let app = Router::new().route("/{name}", get(item)).layer(layer).with_state(store);
    axum::serve(tokio::net::TcpListener::bind("127.0.0.1:0").await?, app).await
}

pub async fn fetch(base: &str, name: &str) -> Option<Item> {
    let url = url::Url::parse(base).ok()?.join(name).ok()?;
    reqwest::get(url).await.ok()?.json().await.ok()
}
