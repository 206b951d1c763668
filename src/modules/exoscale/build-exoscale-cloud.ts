/** Joins the parts of the adapter. The only place that knows all of them. */
import type { HttpService } from '@nestjs/axios';
import type { CloudCallTally } from '../../common/metrics/cloud-call-tally.js';
import type { Clock } from '../../common/time/clock.js';
import type { MachineLink } from '../link/machine-link.js';
import { ApiTransport } from './api/api-transport.js';
import { ExoscaleClient } from './api/exoscale-client.js';
import { ExoscaleCloud } from './exoscale-cloud.adapter.js';
import type { ExoscaleSettings } from './exoscale-settings.js';
import { fingerprintOf } from './fingerprint.js';
import { InstanceTypeResolver } from './instance-type-resolver.js';
import { LaunchPlanner } from './launch-plan.js';
import { Preflight } from './preflight.js';
import { SecurityGroupKeeper } from './security-group.js';
import { BOOTSTRAP_VERSION } from './user-data/render-user-data.js';
import { ZoneCheck } from './zone-check.js';

interface Extras {
  /** In [0, 1), for the jitter of retries. */
  random?: () => number;
  /** Where each call of the API is counted. */
  tally?: CloudCallTally;
}

export function buildExoscaleCloud(
  settings: ExoscaleSettings,
  http: HttpService,
  clock: Clock,
  link: MachineLink,
  { random = Math.random, tally }: Extras = {},
): ExoscaleCloud {
  const make = { fingerprint: fingerprintOf(settings, link.digest, BOOTSTRAP_VERSION), linkEpoch: link.epoch };
  const transport = new ApiTransport(http, clock, { ...settings, tally });
  const client = new ExoscaleClient(transport, { clock, random, timeScale: settings.timeScale }, settings.referenceUrl);
  const zoneCheck = new ZoneCheck(client, clock, settings.zone);
  const types = new InstanceTypeResolver(client, zoneCheck, settings.zone);
  const securityGroups = new SecurityGroupKeeper(client, clock, settings);
  const planner = new LaunchPlanner(client, types, securityGroups, settings, { make, link });
  const preflight = new Preflight(client, types, zoneCheck, settings);
  return new ExoscaleCloud({ client, planner, preflight, zoneCheck }, settings, make, link.epochs);
}
