//! A reverse proxy in which every setting is hot-reloadable.
