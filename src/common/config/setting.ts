/**
 * `@Setting` declares one environment variable on a configuration class: its name, default, kind and one sentence.
 * The loader, the start-up faults and docs/configuration.md all read this declaration, so they cannot disagree.
 */
import 'reflect-metadata';

type SettingKind = 'text' | 'integer' | 'number' | 'boolean' | 'list' | 'optional-text' | 'optional-integer';

export interface SettingDeclaration {
  /** Name of the environment variable. */
  env: string;
  kind: SettingKind;
  /** Value when the variable is unset or empty; undefined means required or null for the optional kinds. */
  default?: string;
  /** What the default is in words, where it is not a constant. */
  defaultText?: string;
  /** Never shown in messages; may also come from the file named by `<env>_FILE`. */
  secret?: boolean;
  /** One sentence for docs/configuration.md. */
  what: string;
}

export interface DeclaredSetting extends SettingDeclaration {
  property: string;
}

/** A configuration class: constructed without arguments, filled by the loader. */
export type ConfigClass<T extends object = object> = new () => T;

const declarations = new WeakMap<object, DeclaredSetting[]>();

/** Declares the decorated property as the value of an environment variable. */
export function Setting(declaration: SettingDeclaration): PropertyDecorator {
  return (prototype, property) => {
    const list = declarations.get(prototype) ?? [];
    list.push({ ...declaration, property: String(property) });
    declarations.set(prototype, list);
  };
}

/** The settings of a class in the order of their declaration. */
export function settingsOf(type: ConfigClass): readonly DeclaredSetting[] {
  return declarations.get(type.prototype as object) ?? [];
}
