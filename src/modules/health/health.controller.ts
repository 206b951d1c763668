/**
 * Probes for orchestrators. None of them wakes the machine or keeps it awake, and a sleeping gateway is healthy: a 503
 * here would restart the pod or empty the service (ollama-api.md §3.2).
 */
import { Controller, Get } from '@nestjs/common';
import {
  HealthCheck,
  HealthCheckService,
  HealthIndicatorService,
  type HealthCheckResult,
  type HealthIndicatorResult,
} from '@nestjs/terminus';
import { ProvisioningGate } from '../provisioning/provisioning.gate.js';

@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly gate: ProvisioningGate,
  ) {}

  /** The process answers; depends on nothing else, so that no outage elsewhere kills open streams. */
  @Get('live')
  @HealthCheck()
  live(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  /** Requests may be sent here: green while asleep, off while leaving or while no wake could be recorded. */
  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.gateway(), () => this.stateStore()]);
  }

  /** The stored state has been read and the lifecycle runs. */
  @Get('startup')
  @HealthCheck()
  startup(): Promise<HealthCheckResult> {
    return this.health.check([() => this.started()]);
  }

  private gateway(): HealthIndicatorResult {
    const indicator = this.indicators.check('gateway');
    return this.gate.snapshot().leaving ? indicator.down({ code: 'shutting_down' }) : indicator.up();
  }

  private stateStore(): HealthIndicatorResult {
    const indicator = this.indicators.check('state_store');
    const { storeTrouble, status } = this.gate.snapshot();
    // A machine that is ready is served without the store.
    if (storeTrouble === null || status === 'ready') return indicator.up();
    return indicator.down({ code: 'state_unavailable', message: storeTrouble });
  }

  private started(): HealthIndicatorResult {
    const indicator = this.indicators.check('lifecycle');
    return this.gate.snapshot().started ? indicator.up() : indicator.down();
  }
}
