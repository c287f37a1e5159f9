//! Package URLs and versions: what is read is spelled so that it is read again, and every order is an order.
#![no_main]

use std::cmp::Ordering;

use driftgate::model::{Ecosystem, Purl};
use driftgate::versions::{self, Step};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(purl) = Purl::parse(text) {
        let again = Purl::parse(purl.as_str()).expect("a canonical purl is one");
        assert_eq!(purl.as_str(), again.as_str());
    }
    let versions: Vec<&str> = text.split('\n').take(3).collect();
    for ecosystem in Ecosystem::all() {
        let scheme = versions::scheme(ecosystem.ty);
        for a in &versions {
            for b in &versions {
                let order = scheme.order(a, b);
                assert_eq!(order, scheme.order(b, a).map(Ordering::reverse), "{}: {a:?} {b:?}", ecosystem.ty);
                assert_eq!(scheme.step(a, b) == Step::None, scheme.same(a, b), "{}: {a:?} {b:?}", ecosystem.ty);
            }
        }
        if let [a, b, c] = versions[..]
            && scheme.order(a, b) == Some(Ordering::Less)
            && scheme.order(b, c) == Some(Ordering::Less)
        {
            assert_eq!(scheme.order(a, c), Some(Ordering::Less), "{}: {a:?} {b:?} {c:?}", ecosystem.ty);
        }
    }
});
