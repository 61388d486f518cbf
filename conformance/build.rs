//! Target folders are compiled in: a change of one is a change of the binary.

fn main() {
    println!("cargo::rerun-if-changed=targets");
}
