/** Reads the subset of Dockerfile syntax that ours keeps to. Knows nothing of what the lines mean. */

interface Instruction {
  keyword: string;
  /** The rest of the line, continuation lines joined. */
  text: string;
}

export interface Stage {
  name: string;
  /** An image, or the name of an earlier stage. */
  from: string;
  instructions: Instruction[];
}

/** @throws Error for a stage without a name or a line before the first FROM */
export function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  for (const line of text.replaceAll(/\\\n/g, ' ').split('\n')) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, keyword = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (keyword === 'FROM') {
      const [, from, name] = /^(\S+) AS (\S+)$/.exec(rest) ?? [];
      if (!from || !name) throw new Error(`a stage needs a name: ${line}`);
      stages.push({ name, from, instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (!stage) throw new Error(`no stage to put this into: ${line}`);
      stage.instructions.push({ keyword, text: rest });
    }
  }
  return stages;
}

/** The text of the last such instruction of a stage. @throws Error when it has none */
export function instruction(stage: Stage, keyword: string): string {
  const found = stage.instructions.findLast((one) => one.keyword === keyword);
  if (!found) throw new Error(`stage ${stage.name} has no ${keyword}`);
  return found.text;
}
