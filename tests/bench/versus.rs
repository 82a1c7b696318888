//! Two builds, taking turns: on a machine that does other things, too, only pairs can be compared.

use std::path::Path;

use crate::figure::{Figure, amount, median};
use crate::rows::Row;

/// Measures the rows on both builds in turn, and prints for each figure both medians and the median ratio of the pairs.
pub fn compare(this: &Path, other: &Path, rows: &[&Row], pairs: usize) {
    println!("| {:<64} | {:>10} | {:>10} | {:>12} |", "what", "this", "other", "this / other");
    println!("|{:-<66}|{:->12}|{:->12}|{:->14}|", "", ":", ":", ":");
    for row in rows.iter().filter(|row| row.of_binary) {
        let pairs: Vec<_> = (0..pairs).map(|_| ((row.measure)(this), (row.measure)(other))).collect();
        for (place, figure) in pairs[0].0.iter().enumerate() {
            show(
                figure,
                &pairs.iter().map(|(this, other)| (this[place].value, other[place].value)).collect::<Vec<_>>(),
            );
        }
    }
}

fn show(figure: &Figure, pairs: &[(f64, f64)]) {
    let this = median(pairs.iter().map(|pair| pair.0).collect());
    let other = median(pairs.iter().map(|pair| pair.1).collect());
    let ratio = median(pairs.iter().map(|(this, other)| this / other).collect());
    let (this, other) = (amount(this, figure.unit), amount(other, figure.unit));
    println!("| {:<64} | {this:>10} | {other:>10} | {ratio:>12.2} |", figure.what);
}
