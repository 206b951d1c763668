/** What a machine knows of its end of the link, read from the files that user-data has put on it. */

/** PEM texts. Whoever shows a client certificate of `ca` is let in. */
export interface LinkKeys {
  ca: string;
  certificate: string;
  key: string;
}

export interface LinkSettings {
  /** Null where nobody has said which. */
  port: number | null;
  /** Null for a plain link. */
  keys: LinkKeys | null;
}

const FOLDER = '/etc/ollama-gateway/link';

export function linkSettingsOf(files: ReadonlyMap<string, string>): LinkSettings {
  const [configuration, ca, certificate, key] = ['nginx.conf', 'ca.pem', 'server.pem', 'server.key'].map((name) =>
    files.get(`${FOLDER}/${name}`),
  );
  const port = /^\s*listen (\d+)[ ;]/m.exec(configuration ?? '')?.[1];
  return {
    port: port === undefined ? null : Number(port),
    keys: ca && certificate && key ? { ca, certificate, key } : null,
  };
}
