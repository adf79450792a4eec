//! Licence expressions, and which of them go with Apache-2.0 code that is shipped as a binary.

/// What may be linked, and why it may.
pub const ACCEPTABLE: &[(&str, &str)] = &[
    ("0BSD", "asks for nothing"),
    ("Apache-2.0", "our own"),
    ("Apache-2.0 WITH LLVM-exception", "our own, with less to ask"),
    ("BSD-1-Clause", "asks for its notice"),
    ("BSD-2-Clause", "asks for its notice"),
    ("BSD-3-Clause", "asks for its notice"),
    ("BSL-1.0", "asks for its notice in source only"),
    ("CC0-1.0", "asks for nothing"),
    ("CDLA-Permissive-2.0", "data (root certificates); asks for its text"),
    ("ISC", "asks for its notice"),
    ("MIT", "asks for its notice"),
    ("MIT-0", "asks for nothing"),
    ("OpenSSL", "asks for its notice; part of AWS-LC"),
    ("Unicode-3.0", "data of Unicode; asks for its notice"),
    ("Unlicense", "asks for nothing"),
    ("Zlib", "asks for its notice in source only"),
];

/// Whether an expression leaves a choice that is acceptable. A slash stands for OR, as in old manifests.
///
/// # Errors
/// The expression cannot be read.
pub fn is_acceptable(expression: &str) -> Result<bool, String> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, at: 0 };
    let answer = reader.either().ok_or_else(|| format!("the licence `{expression}` cannot be read"))?;
    if reader.at == words.len() { Ok(answer) } else { Err(format!("the licence `{expression}` cannot be read")) }
}

struct Reader<'a> {
    words: &'a [&'a str],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, wanted: &str) -> bool {
        let there = self.words.get(self.at) == Some(&wanted);
        self.at += usize::from(there);
        there
    }

    fn either(&mut self) -> Option<bool> {
        let mut answer = self.both()?;
        while self.take("OR") {
            answer |= self.both()?;
        }
        Some(answer)
    }

    fn both(&mut self) -> Option<bool> {
        let mut answer = self.one()?;
        while self.take("AND") {
            answer &= self.one()?;
        }
        Some(answer)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let answer = self.either()?;
            return self.take(")").then_some(answer);
        }
        let name = *self.words.get(self.at)?;
        if ["OR", "AND", "WITH", "(", ")"].contains(&name) {
            return None;
        }
        self.at += 1;
        let name = if self.take("WITH") {
            let exception = *self.words.get(self.at)?;
            self.at += 1;
            format!("{name} WITH {exception}")
        } else {
            name.to_owned()
        };
        Some(ACCEPTABLE.iter().any(|(known, _)| *known == name))
    }
}
