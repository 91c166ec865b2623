//! A radix trie: finds which of many texts a value begins with, in one walk.
//!
//! ```text
//! texts  std::io  std::fmt  core::      value  std::fmt::Write::write
//!
//!            .--- core::                     std:: -> fmt -> (no child w/ ':'), found std::fmt
//!        root
//!            `--- std:: --- io
//!                       `-- fmt
//! ```
//!
//! A walk ends at the first byte without a child, usually after one or two bytes. A walk from the
//! end of the value ([`End`]) finds the texts that it ends with.

/// The end of a value where the walk starts.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Front,
    Back,
}

#[derive(Default)]
pub(crate) struct Trie {
    /// Node 0 is the root. The children of a node are neighbours, sorted by first byte.
    nodes: Box<[Node]>,
    /// The bytes on the way to the nodes, in the order of the walk.
    labels: Box<[u8]>,
    entries: Box<[u32]>,
    /// The child of the root for each first byte, 0 for none.
    first: Box<[u32]>,
}

#[derive(Clone, Default)]
struct Node {
    label: u32,
    label_len: u32,
    children: u32,
    children_len: u32,
    entries: u32,
    entries_len: u32,
}

impl Trie {
    /// Builds a trie of texts and their numbers. The texts are written from front to back.
    pub(crate) fn new(end: End, texts: Vec<(&[u8], u32)>) -> Self {
        if texts.is_empty() {
            return Self::default();
        }
        let mut texts: Vec<(Vec<u8>, u32)> = texts
            .into_iter()
            .map(|(text, entry)| {
                let mut text = text.to_vec();
                if let End::Back = end {
                    text.reverse();
                }
                (text, entry)
            })
            .collect();
        texts.sort_unstable();
        let mut builder = Builder {
            nodes: vec![Node::default()],
            labels: Vec::new(),
            entries: Vec::new(),
        };
        builder.fill(0, &texts, 0);
        let mut first = vec![0; 256];
        let root = builder.nodes[0].clone();
        for child in root.children..root.children + root.children_len {
            let label = builder.nodes[child as usize].label;
            first[usize::from(builder.labels[label as usize])] = child;
        }
        Self {
            nodes: builder.nodes.into(),
            labels: builder.labels.into(),
            entries: builder.entries.into(),
            first: first.into(),
        }
    }

    /// Appends the numbers of all texts that the value begins (or ends) with.
    #[inline]
    pub(crate) fn find(&self, end: End, value: &[u8], found: &mut Vec<u32>) {
        if self.nodes.is_empty() {
            return;
        }
        match end {
            End::Front => self.walk(value.len(), |at| value[at], found),
            End::Back => self.walk(value.len(), |at| value[value.len() - 1 - at], found),
        }
    }

    #[inline]
    fn walk(&self, len: usize, byte: impl Fn(usize) -> u8, found: &mut Vec<u32>) {
        let mut at = 0;
        let mut node = &self.nodes[0];
        loop {
            let entries = node.entries as usize..(node.entries + node.entries_len) as usize;
            found.extend_from_slice(&self.entries[entries]);
            if at == len {
                return;
            }
            let child = if at == 0 {
                self.first[usize::from(byte(0))]
            } else {
                self.child(node, byte(at))
            };
            if child == 0 {
                return;
            }
            node = &self.nodes[child as usize];
            let label = self.label(node);
            if len - at < label.len() || !(0..label.len()).all(|k| byte(at + k) == label[k]) {
                return;
            }
            at += label.len();
        }
    }

    fn label(&self, node: &Node) -> &[u8] {
        &self.labels[node.label as usize..(node.label + node.label_len) as usize]
    }

    fn child(&self, node: &Node, byte: u8) -> u32 {
        let children = node.children..node.children + node.children_len;
        let first = |child: u32| self.labels[self.nodes[child as usize].label as usize];
        children
            .into_iter()
            .find(|&child| first(child) == byte)
            .unwrap_or(0)
    }
}

struct Builder {
    nodes: Vec<Node>,
    labels: Vec<u8>,
    entries: Vec<u32>,
}

impl Builder {
    /// Fills a node with sorted texts whose first `depth` bytes are equal.
    fn fill(&mut self, node: usize, texts: &[(Vec<u8>, u32)], depth: usize) {
        let ending = texts
            .iter()
            .take_while(|(text, _)| text.len() == depth)
            .count();
        self.nodes[node].entries = self.entries.len() as u32;
        self.nodes[node].entries_len = ending as u32;
        self.entries
            .extend(texts[..ending].iter().map(|(_, entry)| entry));

        let groups: Vec<_> = texts[ending..]
            .chunk_by(|a, b| a.0[depth] == b.0[depth])
            .collect();
        let children = self.nodes.len();
        self.nodes[node].children = children as u32;
        self.nodes[node].children_len = groups.len() as u32;
        self.nodes.resize(children + groups.len(), Node::default());
        for (child, group) in (children..).zip(groups) {
            // Texts are sorted, so the common prefix of the first and the last is common to all.
            let (first, last) = (&group[0].0, &group[group.len() - 1].0);
            let common = (depth..first.len().min(last.len()))
                .take_while(|&at| first[at] == last[at])
                .count();
            self.nodes[child].label = self.labels.len() as u32;
            self.nodes[child].label_len = common as u32;
            self.labels.extend_from_slice(&first[depth..depth + common]);
            self.fill(child, group, depth + common);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn it_finds_what_a_loop_finds() {
        const PIECES: [&str; 5] = ["a", "b", "ab", "ba", "\u{e9}"];
        let mut random = Random::new(3);
        for _ in 0..2_000 {
            let texts: Vec<String> = (0..random.0.usize(..12))
                .map(|_| random.concat(&PIECES, 4))
                .collect();
            let numbered = || {
                texts
                    .iter()
                    .map(|text| text.as_bytes())
                    .zip(0..)
                    .collect::<Vec<_>>()
            };
            let (heads, tails) = (
                Trie::new(End::Front, numbered()),
                Trie::new(End::Back, numbered()),
            );
            for _ in 0..5 {
                let value = random.concat(&PIECES, 6);
                let check = |trie: &Trie, end, holds: &dyn Fn(&str) -> bool| {
                    let mut found = Vec::new();
                    trie.find(end, value.as_bytes(), &mut found);
                    found.sort_unstable();
                    let expected: Vec<u32> = (0..)
                        .zip(&texts)
                        .filter(|(_, t)| holds(t))
                        .map(|(n, _)| n)
                        .collect();
                    assert_eq!(found, expected, "{texts:?} {value:?}");
                };
                check(&heads, End::Front, &|text| value.starts_with(text));
                check(&tails, End::Back, &|text| value.ends_with(text));
            }
        }
    }

    #[test]
    fn an_empty_trie_finds_nothing() {
        let mut found = Vec::new();
        Trie::default().find(End::Front, b"a", &mut found);
        assert!(found.is_empty());
    }
}
