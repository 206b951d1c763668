/** The simulated account: what each operation of the API does. Answers are plain objects or ApiErrors; no HTTP here. */
import type { Clock } from '../../common/time/clock.js';
import { ApiError } from './api-error.js';
import { BillingMeter } from './billing-meter.js';
import { checkUpdate, readCreateRequest } from './create-request.js';
import { Fleet } from './fleet.js';
import { renderInstance, renderListItem } from './instance.js';
import { buildInstanceTypes, renderInstanceType, typeName, type InstanceType } from './instance-types.js';
import { Operations, type ScriptedResult } from './operations.js';
import type { MachineHost } from './options.js';
import { Quotas } from './quotas.js';
import { SecurityGroups } from './security-groups.js';
import { templateById, templateExists, templateList } from './templates.js';
import { zoneList } from './zones.js';

/** One call, read and checked, without its transport. */
export interface ApiCall {
  operationId: string;
  params: string[];
  query: URLSearchParams;
  body: Readonly<Record<string, unknown>>;
  signed: boolean;
  scripted: ScriptedResult | null;
}

export interface OrganizationParts {
  clock: Clock;
  machines: MachineHost;
  zone: string;
  operationMs: number;
  listLagMs: number;
  /** Names. */
  sshKeys: readonly string[];
}

export class Organization {
  readonly types = buildInstanceTypes();
  readonly meter = new BillingMeter();
  readonly operations: Operations;
  readonly fleet: Fleet;
  readonly groups: SecurityGroups;
  readonly quotas: Quotas;
  /** Names of types the organization may not use whatever its quota. */
  readonly unauthorized = new Set<string>();
  listLagMs: number;
  /** Known once the simulator listens. */
  endpoint = '';

  constructor(private readonly parts: OrganizationParts) {
    const { clock, machines } = parts;
    this.listLagMs = parts.listLagMs;
    this.operations = new Operations(clock, parts.operationMs);
    this.fleet = new Fleet({
      clock,
      machines,
      operations: this.operations,
      onState: (id, state, atMs) => this.meter.observe(id, state, atMs),
    });
    this.quotas = new Quotas(() => this.typesInUse());
    this.groups = new SecurityGroups(this.operations, (id) =>
      this.fleet.all().some((one) => one.securityGroupIds.includes(id)),
    );
  }

  /** @throws ApiError */
  answer(call: ApiCall): object {
    const { params, body, scripted } = call;
    const [id = '', second = ''] = params;
    switch (call.operationId) {
      case 'list-zones':
        return zoneList(this.endpoint);
      case 'list-instance-types':
        return { 'instance-types': this.listTypes(call.signed) };
      case 'get-instance-type':
        return this.getType(id, call.signed);
      case 'list-templates':
        return templateList(call.query);
      case 'get-template':
        return templateById(id);
      case 'list-quotas':
        return this.quotas.list();
      case 'get-quota':
        return this.quotas.get(id);
      case 'list-security-groups':
        return this.groups.list();
      case 'create-security-group':
        return this.groups.create(body, scripted);
      case 'get-security-group':
        return this.groups.get(id);
      case 'delete-security-group':
        return this.groups.delete(id, scripted);
      case 'add-rule-to-security-group':
        return this.groups.addRule(id, body, scripted);
      case 'delete-rule-from-security-group':
        return this.groups.deleteRule(id, second, scripted);
      case 'list-instances':
        return { instances: this.fleet.listed(this.listLagMs).map(renderListItem) };
      case 'create-instance':
        return this.createInstance(body, scripted);
      case 'get-instance':
        return renderInstance(this.fleet.get(id));
      case 'update-instance':
        return this.updateInstance(id, body, scripted);
      case 'delete-instance':
        return this.fleet.delete(id, scripted);
      case 'start-instance':
        return this.fleet.start(id, scripted);
      case 'stop-instance':
        return this.fleet.stop(id, scripted);
      case 'get-operation':
        return this.operations.get(id);
      default:
        throw ApiError.notFound();
    }
  }

  /** A signed caller does not see what it may not use; an unsigned one sees all, authorized for nothing. */
  private listTypes(signed: boolean): object[] {
    const seen = signed ? this.types.filter((type) => this.mayUse(type)) : this.types;
    return seen.map((type) => renderInstanceType(type, signed));
  }

  private getType(id: string, signed: boolean): object {
    const type = this.types.find((one) => one.id === id);
    if (!type) throw ApiError.notFound();
    return renderInstanceType(type, signed && this.mayUse(type));
  }

  private createInstance(body: Readonly<Record<string, unknown>>, scripted: ScriptedResult | null): object {
    const request = readCreateRequest(body);
    const type = this.types.find((one) => one.id === request.typeId);
    if (!type?.zones.includes(this.parts.zone)) throw ApiError.classic(404, 'Instance type not found');
    if (!templateExists(request.templateId)) throw ApiError.classic(404, 'Template not found');
    if (!request.securityGroupIds.every((id) => this.groups.has(id))) {
      throw ApiError.classic(404, 'Security group not found');
    }
    if (!request.sshKeyNames.every((name) => this.parts.sshKeys.includes(name))) {
      throw ApiError.classic(404, 'SSH key not found');
    }
    this.quotas.claim(type);
    if (!this.mayUse(type)) throw ApiError.classic(403, `Instance type ${typeName(type)} is not authorized`);
    return this.fleet.create(request, scripted);
  }

  private updateInstance(id: string, body: Readonly<Record<string, unknown>>, scripted: ScriptedResult | null): object {
    checkUpdate(body);
    const change = {
      name: body.name as string | undefined,
      labels: body.labels as Record<string, string> | null | undefined,
      userData: body['user-data'] as string | undefined,
    };
    return this.fleet.update(id, change, scripted);
  }

  private mayUse(type: InstanceType): boolean {
    if (this.unauthorized.has(typeName(type))) return false;
    return type.gpus === 0 || this.quotas.allows(type.family);
  }

  private typesInUse(): InstanceType[] {
    const ids = this.fleet.all().map((one) => one.typeId);
    return ids.flatMap((id) => this.types.filter((type) => type.id === id));
  }
}
