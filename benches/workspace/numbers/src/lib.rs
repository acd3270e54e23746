use petgraph::graph::UnGraph;
use rand::Rng;
use rayon::prelude::*;

pub fn sum(count: usize) -> f64 {
    let mut random = rand::rng();
    let values: Vec<f64> = (0..count).map(|_| random.random()).collect();
    let array = ndarray::Array1::from(values.clone());
    array.sum() + values.par_iter().map(|v| v * v).sum::<f64>()
}

pub fn parts(count: u32) -> usize {
    let graph = UnGraph::<u32, ()>::from_edges((0..count).map(|i| (i, num::integer::gcd(i, count))));
    petgraph::algo::connected_components(&graph)
}
