//! The part of the unit graph that led to a difference, and the walk through it: which units
//! diverged first, and which only followed. Pure.
//! [`super::explore`] makes the nodes, and knows which unit or run each of them stands for.

use std::collections::{BTreeMap, BTreeSet};

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// One run of a build script.
    Run,
    /// The program of a build script, compiled.
    Program,
    /// A procedural macro.
    ProcMacro,
    /// A library of any other kind.
    Lib,
    /// A program that is an artifact.
    Bin,
}

/// A node: something that both builds made, and that came out differently.
#[derive(Clone, Debug)]
pub struct Node {
    /// `name version` of the package.
    pub package: String,
    /// What it is.
    pub role: Role,
    /// What went into it and differs. Of what agrees nothing can have come.
    pub inputs: Vec<usize>,
    /// Something of its own is known to differ, whatever its inputs do: a variable that it reads,
    /// its identity, a path of the build in its bytes.
    pub leaks: bool,
}

/// A unit that diverged first, or may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// The node.
    pub node: usize,
    /// It has inputs that differ and could be the whole reason: the nodes that then are culprits.
    /// Empty where all its inputs agree.
    pub perhaps_of: BTreeSet<usize>,
    /// The nodes that follow from it, those first that others are made of.
    pub via: Vec<usize>,
}

/// The units that diverged first on the way to any of `ends`, in order of the walk: what others
/// are made of before them.
pub fn suspects(nodes: &[Node], ends: &[usize]) -> Vec<Suspect> {
    let order = dependencies_first(nodes, ends);
    let mut blamed: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut found: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for &at in &order {
        let node = &nodes[at];
        let mut behind: BTreeSet<usize> = BTreeSet::new();
        for input in &node.inputs {
            behind.extend(blamed.get(input).into_iter().flatten());
        }
        let own_program = |i: &usize| {
            nodes[*i].role == Role::Program && node.role == Role::Run && node.inputs.contains(i)
        };
        // A script is one thing to its author, whether its program or its run is at fault.
        let others: BTreeSet<usize> = behind.iter().copied().filter(|i| !own_program(i)).collect();
        if others.is_empty() || node.leaks {
            for program in behind.difference(&others) {
                found.remove(program);
            }
            found.insert(at, BTreeSet::new());
            behind = others;
            behind.insert(at);
        } else if node.role == Role::Run {
            // It may well have read the clock as well as used a library that does.
            found.insert(at, others);
        }
        blamed.insert(at, behind);
    }
    order
        .iter()
        .filter_map(|at| {
            Some(Suspect {
                node: *at,
                perhaps_of: found.get(at)?.clone(),
                via: followers(nodes, &order, *at),
            })
        })
        .collect()
}

/// The nodes that `ends` are made of, and `ends`, each after all that it is made of.
fn dependencies_first(nodes: &[Node], ends: &[usize]) -> Vec<usize> {
    let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
    let mut open: Vec<(usize, bool)> = ends.iter().rev().map(|e| (*e, false)).collect();
    while let Some((at, done)) = open.pop() {
        if done {
            order.push(at);
        } else if seen.insert(at) {
            open.push((at, true));
            open.extend(nodes[at].inputs.iter().rev().map(|i| (*i, false)));
        }
    }
    order
}

fn followers(nodes: &[Node], order: &[usize], from: usize) -> Vec<usize> {
    let mut reached = BTreeSet::from([from]);
    let mut via = Vec::new();
    for at in order {
        if nodes[*at].inputs.iter().any(|i| reached.contains(i)) && reached.insert(*at) {
            via.push(*at);
        }
    }
    via
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, role: Role, inputs: &[usize]) -> Node {
        Node { package: format!("{name} 0.1.0"), role, inputs: inputs.to_vec(), leaks: false }
    }

    /// `culprit via a, b` or `culprit? …` for one that may be a consequence.
    fn walk(nodes: &[Node], ends: &[usize]) -> Vec<String> {
        let name = |i: &usize| nodes[*i].package.split(' ').next().unwrap().to_string();
        suspects(nodes, ends)
            .iter()
            .map(|s| {
                let via: Vec<_> = s.via.iter().map(name).collect();
                let doubt = if s.perhaps_of.is_empty() { "" } else { "?" };
                format!("{}{doubt} via {}", name(&s.node), via.join(", "))
            })
            .collect()
    }

    #[test]
    fn the_bottom_of_a_chain_is_blamed_and_the_rest_follows() {
        let nodes = [
            node("top", Role::Bin, &[1, 2]),
            node("mid", Role::Lib, &[2]),
            node("bottom", Role::Lib, &[3]),
            node("bottom", Role::Run, &[]),
        ];
        assert_eq!(walk(&nodes, &[0]), ["bottom via bottom, mid, top"]);
        assert_eq!(suspects(&nodes, &[0])[0].node, 3);
    }

    #[test]
    fn independent_faults_are_all_named() {
        let nodes = [
            node("top", Role::Bin, &[1, 2]),
            node("left", Role::Lib, &[]),
            node("right", Role::Lib, &[]),
            node("unrelated", Role::Lib, &[]),
        ];
        assert_eq!(walk(&nodes, &[0]), ["left via top", "right via top"]);
    }

    #[test]
    fn a_fault_above_another_is_named_where_it_is_known() {
        let mut nodes = [node("top", Role::Bin, &[1]), node("bottom", Role::Lib, &[])];
        assert_eq!(walk(&nodes, &[0]), ["bottom via top"]);
        nodes[0].leaks = true;
        assert_eq!(walk(&nodes, &[0]), ["bottom via top", "top via "]);
    }

    #[test]
    fn a_script_is_blamed_once_for_its_program_and_its_run() {
        let nodes = [
            node("app", Role::Bin, &[1]),
            node("app", Role::Run, &[2]),
            node("app", Role::Program, &[]),
        ];
        assert_eq!(walk(&nodes, &[0]), ["app via app"]);
        assert_eq!(suspects(&nodes, &[0])[0].node, 1);
    }

    #[test]
    fn a_library_behind_a_script_is_blamed_and_the_script_perhaps() {
        let nodes = [
            node("app", Role::Bin, &[1]),
            node("app", Role::Run, &[2]),
            node("app", Role::Program, &[3]),
            node("helper", Role::Lib, &[]),
        ];
        assert_eq!(walk(&nodes, &[0]), ["helper via app, app, app", "app? via app"]);
    }
}
