/** What the probe has learnt, and its table. Pure. */

export interface Answer {
  /** Where the question is written down, such as `exoscale-api §9.3`. */
  source: string;
  question: string;
  answer: string;
}

/** What no cheap machine can tell; listed, so that nobody takes the table for complete. */
export const OPEN_QUESTIONS: readonly Answer[] = [
  {
    source: 'exoscale-api §9.1',
    question: 'Status or reason when no GPU is free',
    answer: 'not probed: needs a GPU type that is sold out',
  },
  {
    source: 'exoscale-api §9.2',
    question: 'Disk ceiling and block storage of GPU types',
    answer: 'not probed: needs a GPU machine',
  },
  {
    source: 'exoscale-api §9.4, link §1.11.3',
    question: 'What a stopped machine costs',
    answer: 'not probed: read the usage report a day later',
  },
  {
    source: 'exoscale-api §9.5',
    question: 'Duration of snapshot and promotion',
    answer: 'not probed: takes long and leaves a template',
  },
];

const HEADER: Answer = { source: 'source', question: 'question', answer: 'answer' };

/** One row per answer, columns aligned; the last column may be long. */
export function tableOf(answers: readonly Answer[]): string {
  const rows = [HEADER, ...answers];
  const width = (key: 'source' | 'question') => Math.max(...rows.map((row) => row[key].length));
  return rows
    .map((row) => `${row.source.padEnd(width('source'))}  ${row.question.padEnd(width('question'))}  ${row.answer}`)
    .join('\n');
}
