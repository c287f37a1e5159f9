//! `NVIDIA_REQUIRE_*`: the condition under which an image lets itself be started.
//!
//! A value is alternatives parted by blanks, of which one must hold; an alternative is conditions parted by commas, all of
//! which must hold: `cuda>=12.4 brand=tesla,driver>=470,driver<471`. What is not known of a node makes a condition unknown,
//! never false.
//!
//! Source: NVIDIA/libnvidia-container `src/cli/dsl.c`; NVIDIA/nvidia-container-toolkit `internal/requirements`.

use std::cmp::Ordering;

use super::version::Dotted;

/// What is known of a node that a condition asks about.
#[derive(Clone, Debug, Default)]
pub(super) struct Host {
    /// The CUDA that the driver implements.
    pub cuda: Option<Dotted>,
    /// The driver.
    pub driver: Option<Dotted>,
    /// The compute capability of its GPUs.
    pub arch: Option<Dotted>,
    /// The brands that its boards may have, as the runtime names them; empty where none is known.
    pub brands: Vec<String>,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    Unknown,
}

impl Truth {
    fn of(truth: Option<bool>) -> Self {
        match truth {
            Some(true) => Truth::True,
            Some(false) => Truth::False,
            None => Truth::Unknown,
        }
    }

    fn and(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::False, _) | (_, Truth::False) => Truth::False,
            (Truth::True, Truth::True) => Truth::True,
            _ => Truth::Unknown,
        }
    }

    fn or(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::True, _) | (_, Truth::True) => Truth::True,
            (Truth::False, Truth::False) => Truth::False,
            _ => Truth::Unknown,
        }
    }
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    property: String,
    operator: Operator,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// A requirement: alternatives, each of conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requirement {
    alternatives: Vec<Vec<Condition>>,
}

impl Requirement {
    /// Reads a requirement.
    ///
    /// # Errors
    /// Says which condition is malformed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let alternatives = text.split_ascii_whitespace().map(|alternative| {
            let conditions = alternative.split(',').filter(|condition| !condition.is_empty());
            conditions.map(Condition::parse).collect::<Result<Vec<_>, String>>()
        });
        Ok(Requirement { alternatives: alternatives.collect::<Result<_, String>>()? })
    }

    /// Returns the least CUDA that the first alternative asks for, which is what the runtime's message names.
    pub fn cuda(&self) -> Option<Dotted> {
        let first = self.alternatives.first()?;
        let asked = first.iter().find(|condition| condition.property == "cuda")?;
        (asked.operator == Operator::AtLeast).then(|| Dotted::parse(&asked.value)).flatten()
    }

    /// Says whether a node may start the image.
    pub fn holds(&self, host: &Host) -> Truth {
        if self.alternatives.is_empty() {
            return Truth::True;
        }
        // A board has one brand, whichever of those that it may have: an answer that is the same for all is certain.
        let brands: Vec<Option<&str>> = match host.brands.as_slice() {
            [] => vec![None],
            brands => brands.iter().map(|brand| Some(brand.as_str())).collect(),
        };
        let for_brand = |brand: Option<&str>| {
            let all = |conditions: &Vec<Condition>| {
                conditions.iter().fold(Truth::True, |truth, condition| truth.and(condition.holds(host, brand)))
            };
            self.alternatives.iter().fold(Truth::False, |truth, alternative| truth.or(all(alternative)))
        };
        let mut answers = brands.into_iter().map(for_brand);
        let first = answers.next().unwrap_or(Truth::Unknown);
        if answers.all(|answer| answer == first) { first } else { Truth::Unknown }
    }
}

impl Condition {
    fn parse(text: &str) -> Result<Self, String> {
        let end =
            text.find(['=', '!', '<', '>']).ok_or_else(|| format!("`{}` has no operator", text.escape_debug()))?;
        let (property, rest) = text.split_at(end);
        let operators = [
            (">=", Operator::AtLeast),
            ("<=", Operator::AtMost),
            ("!=", Operator::Unequal),
            ("=", Operator::Equal),
            ("<", Operator::Less),
            (">", Operator::More),
        ];
        let found = operators.iter().find_map(|(sign, operator)| Some((*operator, rest.strip_prefix(sign)?)));
        match found {
            Some((operator, value)) if !property.is_empty() && !value.is_empty() => {
                Ok(Condition { property: property.to_owned(), operator, value: value.to_owned() })
            }
            _ => Err(format!("`{}` is no condition", text.escape_debug())),
        }
    }

    fn holds(&self, host: &Host, brand: Option<&str>) -> Truth {
        let version = |known: &Option<Dotted>| {
            let (Some(known), Some(asked)) = (known, Dotted::parse(&self.value)) else { return Truth::Unknown };
            // A driver of which only the branch is known may be any build of it.
            if self.property == "driver" && known.parts() == 1 && known.major() == asked.major() && asked.parts() > 1 {
                return Truth::Unknown;
            }
            Truth::of(Some(self.operator.compares(known.cmp(&asked))))
        };
        match self.property.as_str() {
            "cuda" => version(&host.cuda),
            "driver" => version(&host.driver),
            "arch" => version(&host.arch),
            "brand" => match (brand, self.operator) {
                (Some(brand), Operator::Equal) => Truth::of(Some(brand.eq_ignore_ascii_case(&self.value))),
                (Some(brand), Operator::Unequal) => Truth::of(Some(!brand.eq_ignore_ascii_case(&self.value))),
                _ => Truth::Unknown,
            },
            // The runtime passes over what it does not know.
            _ => Truth::True,
        }
    }
}

impl Operator {
    fn compares(self, order: Ordering) -> bool {
        match self {
            Operator::Equal => order.is_eq(),
            Operator::Unequal => order.is_ne(),
            Operator::Less => order.is_lt(),
            Operator::AtMost => order.is_le(),
            Operator::More => order.is_gt(),
            Operator::AtLeast => order.is_ge(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(cuda: &str, driver: &str, arch: &str, brands: &[&str]) -> Host {
        Host {
            cuda: Dotted::parse(cuda),
            driver: Dotted::parse(driver),
            arch: Dotted::parse(arch),
            brands: brands.iter().map(|brand| (*brand).to_owned()).collect(),
        }
    }

    #[test]
    fn one_alternative_must_hold() {
        let image = "cuda>=12.4 brand=tesla,driver>=470,driver<471 brand=tesla,driver>=535,driver<536 brand=geforce,driver>=535,driver<536";
        for (text, host, expected) in [
            (image, host("12.4", "550.54.15", "8.0", &["tesla"]), Truth::True),
            (image, host("12.2", "535.183.06", "8.0", &["tesla"]), Truth::True),
            (image, host("12.0", "525.60.13", "8.0", &["tesla"]), Truth::False),
            (image, host("12.2", "535.183.06", "8.0", &["quadro"]), Truth::False),
            (image, host("12.2", "535.183.06", "8.0", &["QUADRO"]), Truth::False),
            // A brand that is not known, or one of two with two answers, is no false.
            (image, host("12.2", "535.183.06", "8.0", &[]), Truth::Unknown),
            (image, host("12.2", "535.183.06", "8.0", &["tesla", "nvidia"]), Truth::Unknown),
            (image, host("12.2", "535.183.06", "8.0", &["tesla", "geforce"]), Truth::True),
            (image, host("", "525.60.13", "8.0", &["tesla"]), Truth::Unknown),
            // Only a branch is known.
            ("driver>=535.104", host("12.2", "535", "", &[]), Truth::Unknown),
            ("driver>=535", host("12.2", "535", "", &[]), Truth::True),
            ("driver>=550.54", host("12.2", "535", "", &[]), Truth::False),
            ("arch>=8.0", host("", "", "7.5", &[]), Truth::False),
            ("arch>8.0,cuda>=12", host("12.2", "", "9.0", &[]), Truth::True),
            ("brand!=geforce", host("", "", "", &["geforce"]), Truth::False),
            ("brand>=geforce", host("", "", "", &["geforce"]), Truth::Unknown),
            ("sunshine>=5 cuda>=99", host("12.2", "", "", &[]), Truth::True),
            ("", host("", "", "", &[]), Truth::True),
            ("cuda!=12.2", host("12.2", "", "", &[]), Truth::False),
            ("cuda=12.2.0", host("12.2", "", "", &[]), Truth::True),
        ] {
            assert_eq!(
                Requirement::parse(text).expect("a requirement of the table").holds(&host),
                expected,
                "{text} {host:?}"
            );
        }
        assert_eq!(Requirement::parse(image).expect("it is one").cuda(), Dotted::parse("12.4"));
    }

    #[test]
    fn malformed_conditions_are_named() {
        for text in ["cuda", "cuda>=", ">=12", "cuda==", "é"] {
            let error = Requirement::parse(text);
            // `==` reads as `=` with the value `=`, which is no version: unknown rather than malformed.
            assert!(error.is_err() || text == "cuda==", "{text} {error:?}");
        }
    }
}
