/** The alias of better-sqlite3 13 (package.json); its interface is that of 12. */
declare module 'better-sqlite3-napi';
