/** Takes every path that is not the gateway's own. What comes through the interceptor is forwarded raw. */
import { All, Controller, Get, Head, Req, Res, UseInterceptors } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { takeAdmitted } from './admitted.js';
import { writeAnswer } from './answers.js';
import { ColdGateInterceptor } from './cold-gate.interceptor.js';
import { Forwarder } from './forwarder.js';
import { aliveAnswer } from './sleeping-ollama.js';

@Controller()
export class ProxyController {
  constructor(private readonly forwarder: Forwarder) {}

  @Head('/')
  headRoot(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.getRoot(request, reply);
  }

  /** Whether the machine runs or not: CLIs and UIs ask this before anything else (ollama-api.md §0.5). */
  @Get('/')
  getRoot(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    reply.hijack();
    writeAnswer(request.raw, reply.raw, aliveAnswer());
  }

  @All('*')
  @UseInterceptors(ColdGateInterceptor)
  forward(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const admitted = takeAdmitted(request.raw);
    if (!admitted) throw new Error('a request reached the machine without a traffic lease');
    reply.hijack();
    this.forwarder.forward(request.raw, reply.raw, admitted.lease, admitted.readSoFar);
  }
}
