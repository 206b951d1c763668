/** The models on a machine's disk. Belongs to the machine, not to the server: it survives a stop of the instance. */
import { createHash } from 'node:crypto';

export interface DiskModel {
  /** Always with a tag. */
  name: string;
  sizeBytes: number;
  /** 64 hex digits. */
  digest: string;
  modifiedAtMs: number;
}

const GB = 1e9;
const GIB = 1024 ** 3;

export class ModelDisk {
  private readonly models = new Map<string, DiskModel>();
  /** Fraction of a model that an interrupted pull has left behind. */
  private readonly partial = new Map<string, number>();

  /** @param capacityGib room for models */
  constructor(
    private readonly capacityGib: number,
    models: readonly string[] = [],
    nowMs = 0,
  ) {
    for (const model of models) this.add(model, nowMs);
  }

  find(name: string): DiskModel | undefined {
    return this.models.get(fullName(name).toLowerCase());
  }

  list(): DiskModel[] {
    return [...this.models.values()];
  }

  add(name: string, nowMs: number): DiskModel {
    const model = describe(fullName(name), nowMs);
    this.models.set(model.name.toLowerCase(), model);
    this.partial.delete(model.name);
    return model;
  }

  /** False when there was none. */
  remove(name: string): boolean {
    return this.models.delete(fullName(name).toLowerCase());
  }

  hasRoomFor(sizeBytes: number): boolean {
    const used = this.list().reduce((sum, one) => sum + one.sizeBytes, 0);
    return used + sizeBytes <= this.capacityGib * GIB;
  }

  partialOf(name: string): number {
    return this.partial.get(fullName(name)) ?? 0;
  }

  keepPartial(name: string, fraction: number): void {
    this.partial.set(fullName(name), fraction);
  }
}

/** `granite` is `granite:latest`. */
export function fullName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).includes(':') ? name : `${name}:latest`;
}

/** What a model of this name looks like: sized by the parameter count in its name, at about 4 bits and a bit. */
export function describe(name: string, nowMs: number): DiskModel {
  const billions = Number(/(\d+(?:\.\d+)?)b\b/i.exec(name)?.[1] ?? (isEmbedding(name) ? 0.4 : 7));
  const digest = createHash('sha256').update(name).digest('hex');
  return { name, sizeBytes: Math.round(billions * 0.6 * GB), digest, modifiedAtMs: nowMs };
}

/** Embedding models refuse to generate; the fake tells them by name. */
export function isEmbedding(name: string): boolean {
  return name.includes('embed');
}
