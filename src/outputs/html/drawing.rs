//! The drifted part of the graph as drawings: from left to right, what requires before what is required.

use super::markup::Markup;
use crate::outputs::picture::{Cluster, Limits, Look, Node, Picture};
use crate::outputs::text::count;
use crate::report::Report;

const LIMITS: Limits = Limits { nodes: 400, edges: 1_000 };

/// How high a line of text is.
const LINE: usize = 15;
/// What stands between two boxes, one above the other.
const GAP: usize = 8;
/// What stands between two columns.
const AISLE: usize = 56;
/// How wide a sign is, about.
const SIGN: usize = 7;

/// Where a component stands in its drawing.
#[derive(Clone, Copy, Default)]
struct Spot {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
    /// How far from its project it stands.
    depth: usize,
    /// What it is drawn under; none at the left end.
    parent: Option<usize>,
}

/// Adds the drawings of a report, one a subject. Returns whether there was something to draw.
pub fn draw(report: &Report, page: &mut Markup) -> bool {
    let picture = Picture::of(report, LIMITS);
    for (number, cluster) in picture.clusters.iter().enumerate() {
        page.tag("figure", &[("class", "drawing")], |page| {
            page.tag("figcaption", &[("id", &format!("drawing-{number}"))], |page| {
                page.put("code", &[], &cluster.title);
                page.text(&format!(" {}", count(cluster.nodes.len(), "component")));
                if !cluster.note.is_empty() {
                    page.text(&format!(", {}", cluster.note));
                }
            });
            page.tag("div", &[("class", "scroll")], |page| draw_cluster(number, cluster, page));
        });
    }
    for note in &picture.notes {
        page.put("p", &[("class", "quiet")], note);
    }
    !picture.clusters.is_empty()
}

fn draw_cluster(number: usize, cluster: &Cluster, page: &mut Markup) {
    let (spots, order) = layout(cluster);
    let width = spots.iter().map(|spot| spot.x + spot.width).max().unwrap_or(0) + AISLE;
    let height = spots.iter().map(|spot| spot.y + spot.height).max().unwrap_or(0) + GAP;
    let view = format!("0 0 {width} {height}");
    let (width, height) = (width.to_string(), height.to_string());
    let attributes = [
        ("class", "graph"),
        ("role", "tree"),
        ("aria-labelledby", &*format!("drawing-{number}")),
        ("viewBox", &*view),
        ("width", &*width),
        ("height", &*height),
    ];
    page.tag("svg", &attributes, |page| {
        for edge in &cluster.edges {
            let (from, to) = (spots[edge.from], spots[edge.to]);
            let is_own = to.parent == Some(edge.from);
            let class = match (edge.gone, is_own) {
                (true, true) => "edge gone",
                (true, false) => "edge gone side",
                (false, true) => "edge",
                (false, false) => "edge side",
            };
            let (from_number, to_number) = (edge.from.to_string(), edge.to.to_string());
            page.void(
                "path",
                &[
                    ("class", class),
                    ("data-from", &from_number),
                    ("data-to", &to_number),
                    ("d", &line(from, to, is_own)),
                ],
            );
        }
        for at in order {
            draw_node(at, &cluster.nodes[at], &spots[at], page);
        }
    });
}

fn draw_node(at: usize, node: &Node, spot: &Spot, page: &mut Markup) {
    let class = format!("node {}", node.look.name());
    let (at, level) = (at.to_string(), (spot.depth + 1).to_string());
    let parent = spot.parent.map(|parent| parent.to_string()).unwrap_or_default();
    let place = format!("translate({} {})", spot.x, spot.y);
    let mut label = node.lines.join(" ");
    if node.look == Look::Plain {
        label.push_str(" not changed");
    }
    let attributes = [
        ("class", &*class),
        ("role", "treeitem"),
        ("aria-level", &*level),
        ("aria-label", &*label),
        ("data-at", &*at),
        ("data-under", &*parent),
        ("transform", &*place),
    ];
    page.tag("g", &attributes, |page| {
        let (width, height) = (spot.width.to_string(), spot.height.to_string());
        page.void("rect", &[("width", &width), ("height", &height), ("rx", "4")]);
        for (row, line) in node.lines.iter().enumerate() {
            page.text(" ");
            let y = (LINE * (row + 1)).to_string();
            let class = if row == 0 { "name" } else { "what" };
            page.put("text", &[("class", class), ("x", "8"), ("y", &y)], line);
        }
    });
}

/// Returns the way of a line from the right of one box to the left of another: with corners to what is drawn under it, so that
/// these hang on one stem, and as a curve to others. The script draws it alike.
fn line(from: Spot, to: Spot, is_own: bool) -> String {
    let (x1, y1) = (from.x + from.width, from.y + from.height / 2);
    let (x2, y2) = (to.x, to.y + to.height / 2);
    if is_own {
        return format!("M{x1} {y1}H{}V{y2}H{x2}", x2 - AISLE / 2);
    }
    let middle = usize::midpoint(x1, x2);
    format!("M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}")
}

/// Returns where each component stands, and their order from top to bottom.
///
/// Each is drawn under the nearest that requires it. A box stands as high as the first of those under it.
fn layout(cluster: &Cluster) -> (Vec<Spot>, Vec<usize>) {
    let amount = cluster.nodes.len();
    let mut spots = vec![Spot::default(); amount];
    let mut requires: Vec<Vec<usize>> = vec![Vec::new(); amount];
    let mut is_required = vec![false; amount];
    for edge in cluster.edges.iter().filter(|edge| edge.from != edge.to) {
        requires[edge.from].push(edge.to);
        is_required[edge.to] = true;
    }
    // Of a circle that nothing leads into, the first one leads.
    let mut seen = vec![false; amount];
    let mut under: Vec<Vec<usize>> = vec![Vec::new(); amount];
    let mut roots: Vec<usize> = Vec::new();
    let leading = (0..amount).filter(|at| !is_required[*at]);
    let mut level: Vec<usize> = leading.collect();
    for next in 0..=amount {
        roots.extend(&level);
        level.iter().for_each(|at| seen[*at] = true);
        let mut depth = 0;
        while !level.is_empty() {
            let mut deeper = Vec::new();
            for from in std::mem::take(&mut level) {
                spots[from].depth = depth;
                for to in &requires[from] {
                    if !seen[*to] {
                        seen[*to] = true;
                        spots[*to].parent = Some(from);
                        under[from].push(*to);
                        deeper.push(*to);
                    }
                }
            }
            depth += 1;
            level = deeper;
        }
        if next < amount && !seen[next] {
            level.push(next);
        }
    }
    // What stands for itself comes last.
    roots.sort_by_key(|at| (under[*at].is_empty(), *at));
    for (spot, node) in spots.iter_mut().zip(&cluster.nodes) {
        let signs = node.lines.iter().map(|line| line.chars().map(|c| 1 + usize::from(!c.is_ascii())).sum::<usize>());
        spot.width = signs.max().unwrap_or(0).max(6) * SIGN + 16;
        spot.height = node.lines.len() * LINE + 8;
    }
    let deepest = spots.iter().map(|spot| spot.depth).max().unwrap_or(0);
    let mut columns = vec![0; deepest + 2];
    for spot in &spots {
        columns[spot.depth + 1] = columns[spot.depth + 1].max(spot.width + AISLE);
    }
    (1..columns.len()).for_each(|at| columns[at] += columns[at - 1]);
    let mut order = Vec::with_capacity(amount);
    let mut top = GAP;
    // What is still to be placed, the next one last; with it, the lowest end of those that stand above it.
    let mut open: Vec<usize> = roots.into_iter().rev().collect();
    while let Some(at) = open.pop() {
        let spot = &mut spots[at];
        spot.x = 1 + columns[spot.depth];
        spot.y = top;
        order.push(at);
        if under[at].is_empty() {
            top += spot.height + GAP;
        }
        open.extend(under[at].iter().rev());
    }
    // A box that is higher than all of those under it would stand on the next one.
    push_down(&mut spots, &order);
    (spots, order)
}

/// Moves boxes down that stand on those above them in their column.
fn push_down(spots: &mut [Spot], order: &[usize]) {
    let mut ends = vec![0; spots.iter().map(|spot| spot.depth + 1).max().unwrap_or(0)];
    let mut moved = 0;
    for at in order {
        let spot = &mut spots[*at];
        spot.y += moved;
        let least = ends[spot.depth];
        if spot.y < least {
            moved += least - spot.y;
            spot.y = least;
        }
        ends[spot.depth] = spot.y + spot.height + GAP;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::picture::Edge;

    fn cluster(amount: usize, edges: &[(usize, usize)]) -> Cluster {
        let node = |at: usize| Node { look: Look::Plain, lines: vec![format!("n{at}"); 1 + at % 4] };
        let edge = |(from, to): &(usize, usize)| Edge { from: *from, to: *to, gone: false };
        Cluster {
            nodes: (0..amount).map(node).collect(),
            edges: edges.iter().map(edge).collect(),
            ..Cluster::default()
        }
    }

    #[test]
    fn no_box_stands_on_another() {
        let chain: Vec<(usize, usize)> = (1..300).map(|at| (at - 1, at)).collect();
        let fan: Vec<(usize, usize)> = (1..300).map(|at| (at / 7, at)).collect();
        let ring = [(0, 1), (1, 2), (2, 0), (3, 3), (4, 5), (5, 4), (4, 1)];
        for (amount, edges) in [(300, &chain[..]), (300, &fan), (6, &ring), (1, &[]), (0, &[])] {
            let cluster = cluster(amount, edges);
            let (spots, order) = layout(&cluster);
            let mut all = order.clone();
            all.sort_unstable();
            assert_eq!(all, (0..amount).collect::<Vec<_>>());
            for (at, a) in spots.iter().enumerate() {
                for b in &spots[at + 1..] {
                    let apart =
                        a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
                    assert!(apart, "{amount}: {} {} and {} {}", a.x, a.y, b.x, b.y);
                }
            }
        }
    }
}
