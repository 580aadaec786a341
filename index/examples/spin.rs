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
    let f = format!("/tmp/spin-{}-{}.graph", v.len(), dim);
    let bytes = std::fs::read(&f).unwrap_or_else(|_| {
        let g = Hnsw::build(v, metric, &HnswParams::default()).encode();
        std::fs::write(&f, &g).unwrap();
        g
    });
    let g = HnswView::decode(&bytes, v.len()).unwrap();
    let c = Codes::build(v, metric, if a[4] == "4" { Rung::Sq4 } else { Rung::Sq8 });
    let view = g.with_codes(c.view());
    let ef: usize = a[5].parse().unwrap();
    let rounds: usize = a[6].parse().unwrap();
    let mut times = vec![];
    let mut vis = 0;
    for _ in 0..rounds {
        let t = Instant::now();
        for x in q.chunks_exact(dim) {
            vis += view.search(v, metric, x, 10, ef, None).unwrap().1.visited;
        }
        times.push(t.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    let n = (q.len() / dim) as f64;
    println!(
        "sq{} ef {ef} best {:.0} median {:.0} visited {:.1}",
        a[4],
        n / times[0],
        n / times[times.len() / 2],
        vis as f64 / n / rounds as f64
    );
}
