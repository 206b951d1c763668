/** Stands before every route of the admin listener; all but the open ones need what AdminAccess asks for. */
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AdminConfig } from '../../common/config/access-config.js';
import { AdminAccess } from './admin-access.js';

/** Routes as they are declared, so that no spelling of a path makes a closed one open. */
const OPEN: ReadonlySet<string | undefined> = new Set([
  '/status',
  '/health/live',
  '/health/ready',
  '/health/startup',
  '/metrics',
]);

@Injectable()
export class AdminGuard implements CanActivate {
  private readonly access: AdminAccess;

  constructor(config: AdminConfig) {
    this.access = new AdminAccess(config);
  }

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (OPEN.has(request.routeOptions.url)) return true;
    const refusal = this.access.refusal(request.headers);
    if (refusal) throw refusal;
    return true;
  }
}
