use lumos_index::*;
use std::time::Instant;
fn fv(p: &str) -> (usize, Vec<f32>) {
    let b = std::fs::read(p).unwrap();
    let d = u32::from_le_bytes(b[..4].try_into().unwrap()) as usize;
    let mut out = Vec::new();
    for r in b.chunks_exact(4 * (d + 1)) {
        out.extend(
            r[4..]
                .chunks_exact(4)
                .map(|x| f32::from_le_bytes(x.try_into().unwrap())),
        );
    }
    (d, out)
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let metric = if a[3] == "l2" {
        Metric::L2
    } else {
        Metric::Cosine
    };
    let (dim, mut base) = fv(&a[1]);
    let (_, mut q) = fv(&a[2]);
    for v in base.chunks_exact_mut(dim) {
        metric.prepare(v).unwrap();
    }
    for v in q.chunks_exact_mut(dim) {
        metric.prepare(v).unwrap();
    }
    let v = Vectors::new(dim, &base).unwrap();
    let t = Instant::now();
    let rung = Codes::choose(v, metric);
    println!("choose {rung:?} {:?}", t.elapsed());
    let t = Instant::now();
    let g = Hnsw::build(v, metric, &HnswParams::default());
    println!("build {:?}", t.elapsed());
    let truth: Vec<Vec<u32>> = q
        .chunks_exact(dim)
        .map(|x| {
            exact_search(v, metric, x, 10, 0..v.len() as u32)
                .unwrap()
                .iter()
                .map(|n| n.row)
                .collect()
        })
        .collect();
    let c8 = Codes::build(v, metric, Rung::Sq8);
    let c4 = Codes::build(v, metric, Rung::Sq4);
    for (name, view) in [
        ("sq8", g.view().with_codes(c8.view())),
        ("sq4", g.view().with_codes(c4.view())),
    ] {
        for ef in [16, 30, 40, 80] {
            if name == "sq4" && ef < 30 {
                continue;
            }
            let mut best = f64::MAX;
            let mut hits = 0;
            let mut dist = 0;
            for _ in 0..15 {
                hits = 0;
                dist = 0;
                let t = Instant::now();
                let r: Vec<_> = q
                    .chunks_exact(dim)
                    .map(|x| view.search(v, metric, x, 10, ef, None).unwrap())
                    .collect();
                best = best.min(t.elapsed().as_secs_f64());
                for (r, t) in r.iter().zip(&truth) {
                    hits += r.0.iter().filter(|n| t.contains(&n.row)).count();
                    dist += r.1.distances;
                }
            }
            println!(
                "{name} ef {ef} recall {:.4} qps {:.0} dist {}",
                hits as f64 / (truth.len() * 10) as f64,
                truth.len() as f64 / best,
                dist / truth.len()
            );
        }
    }
}
