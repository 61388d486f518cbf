//! Several texts that are one configuration: the main file's and those that it includes.
//!
//! In: a [`Bundle`]. Out: a [`Gathered`] document, which is one tree with its references replaced and still knows which file each part is
//! from; or all complaints about the form of its parts. Who includes whom, and in what order, was found out before: see [`references`].
//!
//! Lists are joined, in the order of the files. Everything else stands in one file only. Included files include nothing.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use super::diagnostic::Also;
use super::variables::{Filled, Filler, Meanings, files};
use super::{Diagnostic, Diagnostics, Document, Memory, Node, Path, Step, Text, locate, parse, schema};
use crate::model::Model;

/// The texts of one configuration, and what is known of the files that they refer to.
#[derive(Debug, Clone)]
pub struct Bundle<'a> {
    /// The file that was named.
    pub main: Text<'a>,
    /// The files that it includes, in their order; none if nobody has looked for them.
    pub members: Option<Vec<Text<'a>>>,
    /// The contents of files that `${file:...}` refers to, by the name that stands there.
    pub files: &'a BTreeMap<String, Bytes>,
}

/// What a text refers to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// What it includes: paths and patterns, each with its line and column.
    pub includes: Vec<(String, (usize, usize))>,
    /// The files of `${file:...}`.
    pub files: Vec<String>,
}

/// One document of several files, with its references replaced.
#[derive(Debug)]
pub struct Gathered<'a> {
    document: Document,
    texts: Vec<Text<'a>>,
    origins: Origins,
    filled: Vec<Filled>,
    /// What is wrong already, each with the number of its file.
    complaints: Vec<(usize, Diagnostic)>,
}

/// From which file each part of a document is.
#[derive(Debug, Default)]
pub(super) struct Origins {
    keys: HashMap<String, usize>,
    /// For each list that was joined: from which item on it is from which file.
    runs: HashMap<String, Vec<(usize, usize)>>,
}

/// Lists that several files may have a part of.
pub(super) const JOINED: [&str; 3] = ["listeners", "routes", "upstreams"];
const INCLUDE: &str = "include";

/// Whether a text may refer to other files: a cheap look, without which a large text would be parsed twice.
pub fn may_refer(content: &str) -> bool {
    content.contains(INCLUDE) || content.contains("${file:")
}

/// What a text refers to. One that is not well-formed refers to nothing: that it is not is told when it is gathered.
pub fn references(text: Text<'_>, memory: &mut Memory) -> References {
    let mut references = References::default();
    if !may_refer(text.content) {
        return references;
    }
    let Ok(document) = memory.parse(text) else {
        return references;
    };
    files(&document.root, &mut references.files);
    let path = Path::ROOT.key(INCLUDE);
    let mut name = |node: &Node, path: &Path<'_>| {
        if let Node::String(name) = node {
            references
                .includes
                .push((name.clone(), locate::position(text, &path.steps())));
        }
    };
    match document.root.get(INCLUDE) {
        Some(Node::List(items)) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, item)| name(item, &path.item(index)));
        }
        Some(node) => name(node, &path),
        None => {}
    }
    references
}

/// Makes one document of several texts. `variable` knows the environment, and `memory` what parts of texts before these said.
pub fn gather<'a>(
    bundle: &Bundle<'a>,
    variable: &dyn Fn(&str) -> Option<String>,
    mut memory: Option<&mut Memory>,
) -> Result<Gathered<'a>, Diagnostics> {
    if let Some(memory) = &mut memory {
        memory.turn();
    }
    let texts: Vec<Text<'a>> = std::iter::once(bundle.main)
        .chain(bundle.members.iter().flatten().copied())
        .collect();
    let mut documents = Vec::with_capacity(texts.len());
    let mut broken: Option<Diagnostics> = None;
    for &text in &texts {
        let parsed = match &mut memory {
            Some(memory) => memory.parse(text),
            None => parse(text),
        };
        match parsed {
            Ok(document) => documents.push(document),
            Err(diagnostics) => {
                broken = Some(match broken {
                    Some(before) => before.and(diagnostics),
                    None => diagnostics.within(bundle.main.name),
                });
            }
        }
    }
    if let Some(diagnostics) = broken {
        return Err(diagnostics);
    }
    let mut joiner = Joiner::default();
    for (file, document) in documents.into_iter().enumerate() {
        joiner.add(file, document);
    }
    let Joiner {
        root,
        origins,
        mut complaints,
    } = joiner;
    let mut document = Document { root };
    // Escapes hide a key from the cheap look, not from the parser.
    let is_followed = bundle.members.is_some() && may_refer(bundle.main.content);
    if !is_followed && document.root.get(INCLUDE).is_some() {
        let complaint = Diagnostic::new("bad-include", "`include` was not followed");
        let help = "it is followed in files only, and written without escapes";
        complaints.push((0, complaint.with_help(help).at_key(&Path::ROOT.key(INCLUDE))));
    }
    let meanings = Meanings {
        variable,
        files: bundle.files,
    };
    let mut filler = Filler::new(&meanings);
    filler.fill(&mut document.root, &Path::ROOT);
    let Filler {
        complaints: unfilled,
        filled,
        ..
    } = filler;
    complaints.extend(unfilled.into_iter().map(|complaint| origins.resolve(complaint)));
    Ok(Gathered {
        document,
        texts,
        origins,
        filled,
        complaints,
    })
}

/// Joins trees.
#[derive(Debug)]
struct Joiner {
    root: Node,
    origins: Origins,
    complaints: Vec<(usize, Diagnostic)>,
}

// === impl Joiner ===

impl Default for Joiner {
    fn default() -> Self {
        Self {
            root: Node::Null,
            origins: Origins::default(),
            complaints: Vec::new(),
        }
    }
}

impl Joiner {
    fn add(&mut self, file: usize, document: Document) {
        let is_main = file == 0;
        match document.root {
            // Whatever the main file is, the schema says whether that will do.
            root if is_main && !matches!(root, Node::Table(_)) => self.root = root,
            Node::Table(entries) => {
                if is_main {
                    self.root = Node::Table(Vec::new());
                }
                for (key, value) in entries {
                    self.entry(file, key, value);
                }
            }
            other => {
                let message = format!("expected a table, found {}", other.kind());
                let help = "an included file is a part of a configuration: `routes:` and the like";
                self.complaints
                    .push((file, Diagnostic::new("wrong-type", message).with_help(help)));
            }
        }
    }

    fn entry(&mut self, file: usize, key: String, value: Node) {
        let Node::Table(entries) = &mut self.root else {
            return;
        };
        if file > 0 && key == INCLUDE {
            let complaint = Diagnostic::new("bad-include", "an included file includes nothing");
            let help = "let the main file name it; the set of files stands in one place";
            self.complaints
                .push((file, complaint.with_help(help).at_key(&Path::ROOT.key(&key))));
            return;
        }
        // A hostile file has a million keys: a search among all of them is for those that are there.
        let is_new = !self.origins.keys.contains_key(&key);
        let present = if is_new {
            None
        } else {
            entries.iter_mut().find(|(name, _)| *name == key)
        };
        let Some((_, present)) = present else {
            self.origins.keys.insert(key.clone(), file);
            if JOINED.contains(&key.as_str()) {
                self.origins.runs.insert(key.clone(), vec![(0, file)]);
            }
            entries.push((key, value));
            return;
        };
        match (present, value) {
            (Node::List(items), Node::List(more)) if JOINED.contains(&key.as_str()) => {
                self.origins
                    .runs
                    .entry(key)
                    .or_default()
                    .push((items.len(), file));
                items.extend(more);
            }
            (present, value) if JOINED.contains(&key.as_str()) => {
                // If it is not this one that is no list, it is the other, of which the schema complains.
                if matches!(present, Node::List(_)) {
                    let message = format!("expected a list, found {}", value.kind());
                    let help = "one entry or more, each on a line of its own that begins with `- `";
                    let complaint = Diagnostic::new("wrong-type", message).with_help(help);
                    self.complaints.push((file, complaint.at(&Path::ROOT.key(&key))));
                }
            }
            _ => {
                let first = self.origins.keys.get(&key).copied().unwrap_or(0);
                let path = Path::ROOT.key(&key);
                let mut complaint =
                    Diagnostic::new("duplicate-key", format!("the key `{key}` stands in two files"))
                        .with_help(
                            "keep one of the two; only `listeners`, `routes` and `upstreams` are joined",
                        )
                        .at_key(&path);
                complaint.also = Some(Also::new(path.steps(), true).in_file(first));
                self.complaints.push((file, complaint));
            }
        }
    }
}

// === impl Gathered ===

impl Gathered<'_> {
    /// Reads the meaning of it all.
    pub fn validate(&self) -> Result<Model, Diagnostics> {
        self.validate_by(None)
    }

    /// The same, with what is known of documents before.
    pub fn validate_by(&self, memory: Option<&mut Memory>) -> Result<Model, Diagnostics> {
        let known = memory.map(|memory| &mut memory.known);
        let found = match schema::model(&self.document, known) {
            Ok(model) if self.complaints.is_empty() => return Ok(model),
            Ok(_) => Vec::new(),
            Err(complaints) => complaints,
        };
        let mut complaints = self.complaints.clone();
        for mut complaint in found {
            self.filled.iter().for_each(|filled| filled.unsay(&mut complaint));
            let (file, complaint) = self.origins.resolve(complaint);
            // What could not be filled in is no value of any kind.
            let is_told = |(of, told): &(usize, Diagnostic)| *of == file && told.path == complaint.path;
            if !self.complaints.iter().any(is_told) {
                complaints.push((file, complaint));
            }
        }
        Err(locate::meaning(&self.texts, complaints))
    }
}

// === impl Origins ===

impl Origins {
    /// The file that a part is from, and its path there.
    fn find(&self, path: &[Step]) -> (usize, Vec<Step>) {
        let mut local = path.to_vec();
        let Some(Step::Key(key)) = path.first() else {
            return (0, local);
        };
        let mut file = self.keys.get(key).copied().unwrap_or(0);
        if let (Some(runs), Some(Step::Item(index))) = (self.runs.get(key), local.get_mut(1)) {
            let run = runs.partition_point(|(start, _)| start <= index);
            if let Some((start, of)) = run.checked_sub(1).and_then(|run| runs.get(run)) {
                file = *of;
                *index -= start;
            }
        }
        (file, local)
    }

    fn resolve(&self, mut complaint: Diagnostic) -> (usize, Diagnostic) {
        let (file, path) = self.find(&complaint.path);
        complaint.path = path;
        if let Some(also) = &mut complaint.also {
            let (file, path) = self.find(&also.path);
            also.path = path;
            also.number = file;
        }
        (file, complaint)
    }
}
