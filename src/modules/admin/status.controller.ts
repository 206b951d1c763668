/** `GET /status`: what the gateway is doing, for people and for the predecessor's clients. Never wakes anything. */
import { Controller, Get, Header } from '@nestjs/common';
import { StatusView } from './status-view.js';

@Controller('status')
export class StatusController {
  constructor(private readonly view: StatusView) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  status(): Record<string, unknown> {
    return this.view.read();
  }
}
