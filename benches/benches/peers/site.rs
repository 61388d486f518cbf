//! The folder of a proxy: its files made of templates, and the next generations of the one that changes, made ready beside it.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};

use anyhow::Context;
use minijinja::Environment;
use minijinja::value::Serde;
use rcgen::{CertificateParams, KeyPair};
use serde::Serialize;

use crate::proxies::Proxy;

/// Stands for the generation in what templates make, so that a generation is a replacement and not another rendering.
const GENERATION: &str = "@generation@";
/// Upstreams that the routes share.
const POOLS: usize = 20;
/// Files that the routes are split into.
const PARTS: usize = 100;
/// Where the origin listens. Far from other things on a loopback interface.
pub(crate) const ORIGIN: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 86, 0, 1), 9000);
/// The sizes of bodies that the origin has, by the names of their files.
const BODIES: [(&str, usize); 3] = [("1k", 1 << 10), ("64k", 64 << 10), ("1m", 1 << 20)];

macro_rules! templates {
    ($($name:literal),* $(,)?) => { [$(($name, include_str!(concat!("templates/", $name)))),*] };
}

const TEMPLATES: [(&str, &str); 14] = templates![
    "caddy.json.j2",
    "envoy-clusters.yaml.j2",
    "envoy-lds-bootstrap.yaml.j2",
    "envoy-lds.yaml.j2",
    "envoy-rds-bootstrap.yaml.j2",
    "envoy-rds.yaml.j2",
    "envoy-routes.yaml.j2",
    "haproxy.cfg.j2",
    "haproxy.map.j2",
    "nginx.conf.j2",
    "origin.conf.j2",
    "reference.yaml.j2",
    "traefik-dynamic.yml.j2",
    "traefik.yml.j2",
];

/// What a configuration should mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scene {
    /// How many there are: one that is probed and changed, one for traffic, and others.
    pub(crate) routes: usize,
    /// Whether they are split into files, as the reference can.
    pub(crate) split: bool,
}

/// Where a proxy listens. One number after the other, as each has an address of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) clear: SocketAddr,
    pub(crate) tls: SocketAddr,
    pub(crate) admin: SocketAddr,
}

/// A folder with the files of a proxy.
#[derive(Debug)]
pub(crate) struct Site {
    dir: PathBuf,
    /// The file that changes, and its text.
    changing: PathBuf,
    text: String,
}

/// A generation that is ready to be put in the place of what serves.
#[derive(Debug)]
pub(crate) struct Staged {
    path: PathBuf,
    text: String,
}

/// What templates may name.
#[derive(Serialize)]
struct Values<'a> {
    dir: &'a Path,
    generation: &'a str,
    /// Whether all but routes belongs into the file, and whether the route that is probed does.
    head: bool,
    probe: bool,
    split: bool,
    host: IpAddr,
    clear: SocketAddr,
    clear_port: u16,
    tls: SocketAddr,
    tls_port: u16,
    admin: SocketAddr,
    origin: SocketAddrV4,
    origin_host: Ipv4Addr,
    origin_port: u16,
    certificate: PathBuf,
    key: PathBuf,
    joined: PathBuf,
    pools: Vec<String>,
    all_pools: Vec<String>,
    routes: &'a [Route],
}

#[derive(Serialize)]
struct Origin<'a> {
    dir: &'a Path,
    origin: SocketAddrV4,
}

#[derive(Serialize)]
struct Route {
    name: String,
    prefix: String,
    pool: String,
}

// === impl Places ===

impl Places {
    pub(crate) fn new(number: usize) -> Self {
        let host = Ipv4Addr::new(127, 86, 1, number as u8);
        let place = |port| SocketAddr::from((host, port));
        Self {
            clear: place(8000),
            tls: place(8443),
            admin: place(9901),
        }
    }
}

// === impl Site ===

impl Site {
    /// Lays out a proxy in a new folder below one that has the certificate.
    pub(crate) fn lay(proxy: &Proxy, places: Places, scene: Scene, root: &Path) -> anyhow::Result<Self> {
        let dir = root.join(format!("{}-{}", proxy.name, scene.routes));
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(dir.join("staged"))?;
        fs::create_dir_all(dir.join("served/conf.d"))?;
        let served = dir.join("served");
        let maker = Maker::new(root, &served, places)?;
        let routes = routes(scene.routes);
        let mut changing = (PathBuf::new(), String::new());
        for (template, path) in proxy.files {
            let whole = if scene.split { &[] } else { &routes[..] };
            let text = maker.make(template, whole, true, !scene.split)?;
            if *path == proxy.changing {
                changing = (served.join(path), text.clone());
            }
            fs::write(served.join(path), text.replace(GENERATION, "0"))?;
        }
        if scene.split {
            for (part, routes) in routes.chunks(routes.len().div_ceil(PARTS)).enumerate() {
                let text = maker.make(proxy.files[0].0, routes, false, part == 0)?;
                let path = served.join(format!("conf.d/{part:03}.yaml"));
                fs::write(&path, text.replace(GENERATION, "0"))?;
                if part == 0 {
                    changing = (path, text);
                }
            }
        }
        let (changing, text) = changing;
        Ok(Self {
            dir: served,
            changing,
            text,
        })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes a generation on the same file system, out of the proxy's sight. It is on the disk before it is renamed: ext4 lets a rename over another file wait for
    /// what is not, and that takes longer than some of what is measured.
    pub(crate) fn stage(&self, generation: u64) -> anyhow::Result<Staged> {
        let path = self.dir.with_file_name("staged").join(generation.to_string());
        let text = self.text.replace(GENERATION, &generation.to_string());
        let written = fs::write(&path, &text).and_then(|()| fs::File::open(&path)?.sync_all());
        written.with_context(|| format!("failed to write {}", path.display()))?;
        Ok(Staged { path, text })
    }

    /// Renames it to where nobody looks: what a change takes of the machine that is not the proxy's.
    pub(crate) fn divert(&self, staged: Staged) -> anyhow::Result<()> {
        let nowhere = self.dir.with_file_name("staged").join("nowhere");
        fs::rename(staged.path, nowhere).context("failed to rename a configuration")
    }

    /// Renames it into its place. What it says is handed back for those who are sent it.
    pub(crate) fn deliver(&self, staged: Staged) -> anyhow::Result<String> {
        fs::rename(&staged.path, &self.changing).context("failed to replace the configuration")?;
        Ok(staged.text)
    }
}

/// Makes files of one proxy.
struct Maker<'a> {
    templates: Environment<'static>,
    root: &'a Path,
    dir: &'a Path,
    places: Places,
}

impl<'a> Maker<'a> {
    fn new(root: &'a Path, dir: &'a Path, places: Places) -> anyhow::Result<Self> {
        Ok(Self {
            templates: templates()?,
            root,
            dir,
            places,
        })
    }

    fn make(&self, template: &str, routes: &[Route], head: bool, probe: bool) -> anyhow::Result<String> {
        let Places { clear, tls, admin } = self.places;
        let pools: Vec<_> = (0..POOLS).map(|pool| format!("pool-{pool}")).collect();
        let values = Values {
            dir: self.dir,
            generation: GENERATION,
            head,
            probe,
            split: head && !probe,
            host: clear.ip(),
            clear,
            clear_port: clear.port(),
            tls,
            tls_port: tls.port(),
            admin,
            origin: ORIGIN,
            origin_host: *ORIGIN.ip(),
            origin_port: ORIGIN.port(),
            certificate: self.root.join("site.pem"),
            key: self.root.join("site.key"),
            joined: self.root.join("joined.pem"),
            all_pools: [&["origin".to_owned()], &pools[..]].concat(),
            pools,
            routes,
        };
        let made = self.templates.get_template(template)?.render(Serde(&values));
        // The last line end is the template's own, and is left out.
        Ok(made.with_context(|| format!("failed to make {template}"))? + "\n")
    }
}

fn templates() -> anyhow::Result<Environment<'static>> {
    let mut templates = Environment::new();
    for (name, text) in TEMPLATES {
        templates.add_template(name, text)?;
    }
    Ok(templates)
}

/// The others: all but the one that is probed and the one for traffic.
fn routes(all: usize) -> Vec<Route> {
    (2..all)
        .map(|number| Route {
            name: format!("route-{number}"),
            prefix: format!("/r/{number:06}"),
            pool: format!("pool-{}", number % POOLS),
        })
        .collect()
}

/// A certificate for all proxies, and the files of the origin, whose configuration is handed back.
pub(crate) fn prepare(root: &Path) -> anyhow::Result<PathBuf> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["bench.example".to_owned()])?.self_signed(&key)?;
    fs::write(root.join("site.pem"), certificate.pem())?;
    fs::write(root.join("site.key"), key.serialize_pem())?;
    fs::write(root.join("joined.pem"), certificate.pem() + &key.serialize_pem())?;
    let dir = root.join("origin");
    let bodies = dir.join("www/t/body");
    fs::create_dir_all(&bodies)?;
    for (name, bytes) in BODIES {
        fs::write(bodies.join(name), "x".repeat(bytes))?;
    }
    let config = dir.join("nginx.conf");
    let text = templates()?
        .get_template("origin.conf.j2")?
        .render(Serde(Origin {
            dir: &dir,
            origin: ORIGIN,
        }))?;
    fs::write(&config, text)?;
    Ok(config)
}
