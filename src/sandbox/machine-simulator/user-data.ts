/**
 * What cloud-init does with user-data, as far as a simulated machine needs it: the files of a gzipped cloud-config whose
 * `write_files` are literal blocks. Knows YAML no further than that, so that the sandbox needs no package for it.
 */
import { gunzipSync } from 'node:zlib';

const ITEM = /^ *- path: (\S+)$/;
const BLOCK = /^( *)content: \|$/;

/** The files by their paths; none where the user-data is missing or is something else. */
export function filesOf(userData: string | null): ReadonlyMap<string, string> {
  return readWriteFiles(userData === null ? '' : unpacked(userData));
}

function unpacked(userData: string): string {
  try {
    return gunzipSync(Buffer.from(userData, 'base64')).toString('utf8');
  } catch {
    // Somebody else's instance may carry anything; cloud-init says so in its log and boots.
    return '';
  }
}

function readWriteFiles(cloudConfig: string): Map<string, string> {
  const files = new Map<string, string>();
  const lines = cloudConfig.split('\n');
  let path: string | null = null;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] as string;
    path = ITEM.exec(line)?.[1] ?? path;
    const indent = BLOCK.exec(line)?.[1];
    if (indent === undefined || path === null) continue;
    const block = blockAfter(lines, at, indent.length);
    files.set(
      path,
      block
        .map((one) => one.slice(indent.length + 2))
        .join('\n')
        .trimEnd() + '\n',
    );
    at += block.length;
    path = null;
  }
  return files;
}

/** The lines that are indented further than the key of the block, and the empty ones between them. */
function blockAfter(lines: readonly string[], key: number, indent: number): string[] {
  const end = lines.findIndex((line, at) => at > key && line.trim() !== '' && line.search(/\S/) <= indent);
  return lines.slice(key + 1, end < 0 ? lines.length : end);
}
