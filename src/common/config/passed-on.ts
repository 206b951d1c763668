/** The settings of Ollama itself that the machine gets as they are: their forms, and one decorator in place of three. */
import { IsOptional, Matches } from 'class-validator';
import { Setting } from './setting.js';

export const COUNT = { pattern: /^\d+$/, words: 'a whole number' };
export const SWITCH = { pattern: /^(0|1|true|false)$/, words: '0, 1, true or false' };
export const CACHE = { pattern: /^[a-z0-9_]+$/, words: 'a cache type such as q8_0' };
export const DURATION = { pattern: /^-?\d+(ms|s|m|h)?$/, words: 'a duration such as 5m' };

/** Declares such a setting; `fallback` is what Ollama does without it, in words. */
export function PassedOn(one: { env: string; as: typeof COUNT; fallback: string; what: string }): PropertyDecorator {
  const { env, as, fallback, what } = one;
  const declare = Setting({ env, kind: 'optional-text', defaultText: `Ollama’s: ${fallback}`, what });
  const validate = Matches(as.pattern, { message: `must be ${as.words}` });
  return (prototype, property) => {
    for (const decorate of [declare, IsOptional(), validate]) decorate(prototype, property);
  };
}
