/** A machine's shipped front (real nginx) with a scripted Ollama behind it and a gateway's connection to it. */
import { Agent, request, type Dispatcher } from 'undici';
import { freePort } from '../../src/sandbox/machine-simulator/loopback.js';
import type { MachineSettings } from '../../src/modules/exoscale/user-data/machine-settings.js';
import { renderUserData } from '../../src/modules/exoscale/user-data/render-user-data.js';
import type { MachineEnd } from '../../src/modules/link/machine-link.js';
import { atEnd } from './endings.js';
import { layOutMachine } from './machine-files.js';
import { startMachineNginx } from './machine-nginx.js';
import { requireProgram } from './programs.js';
import { ScriptedHttp, type Responder } from './scripted-http.js';
import { TEST_CERTIFICATE, TEST_KEY } from './test-certificate.js';

/** The test certificate serves as authority, server and client at once: it is self-signed and bound to no use. */
export const TEST_LINK: MachineEnd & { kind: 'mtls' } = {
  kind: 'mtls',
  serverName: 'gpu.exoscale.test',
  caPem: TEST_CERTIFICATE,
  certificatePem: TEST_CERTIFICATE,
  keyPem: TEST_KEY,
};

/** A machine but for its link. */
export const TEST_MACHINE: Omit<MachineSettings, 'linkPort' | 'link'> = {
  launchId: '5f0c2f0e-8a51-4a44-9d5c-0a4f8f6f2b11',
  gpu: false,
  image: 'ollama/ollama:0.32.15',
  ollamaEnv: {},
  idleTimeoutSec: 1800,
};

export class MachineUnderTest {
  /** Everything that it opens is ended by `endEverything()`. */
  static async start(link: MachineEnd, responder: Responder): Promise<MachineUnderTest> {
    requireProgram('nginx', 'nginx');
    const ollama = await ScriptedHttp.start(responder);
    atEnd(() => ollama.close());
    const linkPort = await freePort();
    const root = layOutMachine(renderUserData({ ...TEST_MACHINE, linkPort, link }));
    await startMachineNginx(root, ollama.port);
    return new MachineUnderTest(root, linkPort, ollama, link);
  }

  private readonly agent: Agent;

  private constructor(
    /** In place of `/`. */
    readonly root: string,
    readonly linkPort: number,
    readonly ollama: ScriptedHttp,
    private readonly link: MachineEnd,
  ) {
    const tls = link.kind === 'mtls' && { ca: link.caPem, cert: TEST_CERTIFICATE, key: TEST_KEY };
    this.agent = new Agent({ connect: tls ? { ...tls, servername: TEST_LINK.serverName } : {} });
    atEnd(() => this.agent.destroy());
  }

  /** Sends what the gateway would send, and resolves with the answer's head. */
  send(
    method: Dispatcher.HttpMethod,
    path: string,
    options: { body?: string; headers?: Record<string, string>; agent?: Agent } = {},
  ): Promise<Dispatcher.ResponseData> {
    const { body = null, agent = this.agent } = options;
    const tls = this.link.kind === 'mtls';
    return request(`${tls ? 'https' : 'http'}://127.0.0.1:${this.linkPort}${path}`, {
      dispatcher: agent,
      method,
      body,
      // nginx takes requests for the name of the handshake only.
      headers: { ...(tls && { host: TEST_LINK.serverName }), ...options.headers },
    });
  }

  /** Sends and reads to the end. */
  async ask(...question: Parameters<MachineUnderTest['send']>): Promise<{
    status: number;
    headers: Dispatcher.ResponseData['headers'];
    text: string;
  }> {
    const { statusCode: status, headers, body } = await this.send(...question);
    return { status, headers, text: await body.text() };
  }

  /** What nginx counts as requests in progress, the one that asks among them. */
  async writing(): Promise<number> {
    const { text } = await this.ask('GET', '/__link/status');
    return Number(/Writing: (\d+)/.exec(text)?.[1]);
  }
}
