/** deploy/kubernetes as the API server would see it, and what an operator may rely on without reading it. */
import { Ajv } from 'ajv';
import { afterAll, describe, expect, it } from '@jest/globals';
import { CONFIG_CLASSES, LifecycleConfig } from '../../src/common/config/classes.js';
import { settingsOf } from '../../src/common/config/setting.js';
import {
  checkWithPython,
  manifestFiles,
  MANIFESTS,
  SECRET_FILES,
  startWith,
  textOf,
  yamlOf,
} from '../support/deployment-files.js';
import { endEverything } from '../support/endings.js';
import type {
  ConfigMap,
  Deployment,
  HttpRoute,
  Ingress,
  Kustomization,
  Named,
  NetworkPolicy,
  Service,
  ServiceMonitor,
} from '../support/manifest-types.js';

afterAll(endEverything);

const read = <T>(file: string): T => yamlOf<T>(`deploy/kubernetes/${file}`);
const OBJECTS = manifestFiles().filter((file) => file !== 'kustomization.yaml');
/** Kinds that come with a controller, not with Kubernetes. */
const CUSTOM = ['http-route.yaml', 'service-monitor.yaml'];
const BUILT_IN = OBJECTS.filter((file) => !CUSTOM.includes(file));

const deployment = read<Deployment>('deployment.yaml');
const pod = deployment.spec.template.spec;
const [container] = pod.containers;
const configMap = read<ConfigMap>('config-map.yaml').data;
const environment = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
const { config, faults, warnings } = startWith({ ...configMap, ...environment }, SECRET_FILES);
const publicService = read<Service>('service.yaml');
const adminService = read<Service>('admin-service.yaml');

describe('the manifests', () => {
  it.each(['1.30', '1.37'])('are valid for Kubernetes %s, unknown fields included', (version) => {
    const files = BUILT_IN.map((file) => `${MANIFESTS}/${file}`);
    expect(checkWithPython('-m', 'kubernetes_validate', '--strict', '--quiet', '-k', version, ...files)).toBe('fine');
  });

  it('hold a route that is valid for the Gateway API', () => {
    const schema = JSON.parse(textOf('test/support/http-route.schema.json')) as object;
    const ajv = new Ajv({ strict: false, validateFormats: false });
    ajv.validate(schema, read<HttpRoute>('http-route.yaml').spec);
    expect(ajv.errors).toBeNull();
  });

  it('are all in the kustomization, or offered there, and belong to no namespace', () => {
    const { resources } = read<Kustomization>('kustomization.yaml');
    const offered = [...textOf('deploy/kubernetes/kustomization.yaml').matchAll(/^ +# - (\S+)$/gm)].map(
      ([, file]) => file,
    );
    expect([...resources, ...offered].sort()).toEqual(OBJECTS);
    expect(offered).toEqual(CUSTOM);
    expect(OBJECTS.filter((file) => read<Named>(file).metadata.namespace !== undefined)).toEqual([]);
  });

  it('take the image of this release', () => {
    const { version } = yamlOf<{ version: string }>('package.json');
    expect(container.image).toBe(`ollama-exoscale:${version}`);
    expect(read<Kustomization>('kustomization.yaml').images.map(({ name }) => name)).toEqual(['ollama-exoscale']);
  });

  it('hold no secret, only references to those that the operator makes', () => {
    expect(OBJECTS.filter((file) => read<Named>(file).kind === 'Secret')).toEqual([]);
    const secret = CONFIG_CLASSES.flatMap((type) => settingsOf(type)).filter((one) => one.secret);
    const given = { ...configMap, ...environment };
    expect(secret.filter(({ env }) => env in given)).toEqual([]);
    expect(container.envFrom).toEqual([{ configMapRef: { name: 'ollama-exoscale' } }]);
    const names = pod.volumes.flatMap((volume) => volume.secret?.secretName ?? []);
    expect(names).toEqual(['ollama-exoscale', 'ollama-exoscale-api-keys']);
  });
});

describe('the pod', () => {
  it('starts: its settings are all known and valid, with secrets made as docs/deployment.md says', () => {
    expect({ faults, warnings }).toEqual({ faults: [], warnings: [] });
    expect(config.link.link).toBe('mtls');
    expect(config.access.apiKeysFile).not.toBeNull();
  });

  it('reads its files where they are mounted, from folders, so that it sees their changes', () => {
    const folders = container.volumeMounts.map(({ mountPath }) => mountPath);
    const files = Object.values(environment).filter((value) => value.startsWith('/'));
    expect(files.filter((file) => !folders.includes(file.replace(/\/[^/]*$/, '')))).toEqual([]);
    expect(container.volumeMounts.map(({ name }) => name)).toEqual(pod.volumes.map(({ name }) => name));
    expect(container.volumeMounts.filter((mount) => 'subPath' in mount)).toEqual([]);
  });

  it('may do nothing that the Pod Security Standard “restricted” forbids, nor write outside its volume', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      fsGroup: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container.volumeMounts.filter(({ readOnly }) => !readOnly).map(({ mountPath }) => mountPath)).toEqual([
      '/data',
    ]);
    expect(pod.automountServiceAccountToken).toBe(false);
  });

  it('is never there twice, and gets no settings from the names of services', () => {
    expect(deployment.spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    expect(pod.enableServiceLinks).toBe(false);
  });

  it('is probed on the admin port, and not restarted in haste', () => {
    const { startupProbe, readinessProbe, livenessProbe } = container;
    const asked = [startupProbe, readinessProbe, livenessProbe].map(({ httpGet }) => [httpGet.port, httpGet.path]);
    expect(asked).toEqual([
      ['admin', '/health/startup'],
      ['admin', '/health/ready'],
      ['admin', '/health/live'],
    ]);
    expect(livenessProbe.periodSeconds * livenessProbe.failureThreshold).toBeGreaterThanOrEqual(60);
  });

  it('has the time to leave that it takes', () => {
    const ofImage = Object.fromEntries(settingsOf(LifecycleConfig).map((one) => [one.env, one.default]));
    const seconds = (name: string): number => Number(environment[name] ?? configMap[name] ?? ofImage[name]);
    const leavingSec = seconds('GATEWAY_SHUTDOWN_DELAY_SECONDS') + seconds('GATEWAY_DRAIN_SECONDS');
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(leavingSec + 10);
  });
});

describe('the network', () => {
  const ports = Object.fromEntries(container.ports.map(({ name, containerPort }) => [name, containerPort]));
  const policy = read<NetworkPolicy>('network-policy.yaml').spec;

  it('has the ports that the gateway listens on', () => {
    expect(ports).toEqual({ http: config.listener.port, admin: config.admin.port });
    expect(publicService.spec.ports).toMatchObject([{ name: 'http', port: 11434, targetPort: 'http' }]);
    expect(adminService.spec.ports).toMatchObject([{ name: 'admin', port: 11435, targetPort: 'admin' }]);
    for (const { spec } of [publicService, adminService])
      expect(spec.selector).toEqual(deployment.spec.selector.matchLabels);
  });

  it('leads from outside to the public port only', () => {
    const ingress = read<Ingress>('ingress.yaml').spec.rules.flatMap(({ http }) => http.paths);
    const route = read<HttpRoute>('http-route.yaml').spec.rules.flatMap(({ backendRefs }) => backendRefs);
    const { name } = publicService.metadata;
    expect(ingress.map(({ backend }) => backend.service)).toEqual([{ name, port: { name: 'http' } }]);
    expect(route).toEqual([{ name, port: 11434 }]);
    expect([publicService, adminService].map(({ spec }) => spec.type)).toEqual(['ClusterIP', 'ClusterIP']);
  });

  it('lets nobody in but the ingress, and Prometheus at the admin port', () => {
    const letIn = policy.ingress.map(({ from, ports: at }) => [
      from.map(({ namespaceSelector }) => namespaceSelector?.matchLabels['kubernetes.io/metadata.name']),
      at.map(({ port }) => port),
    ]);
    expect(letIn).toEqual([
      [['ingress-nginx'], ['http']],
      [['monitoring'], ['admin']],
    ]);
    expect(policy.podSelector).toEqual(deployment.spec.selector);
  });

  it('lets nothing out but names, the API and the link, and nothing to addresses inside', () => {
    expect(policy.policyTypes).toEqual(['Ingress', 'Egress']);
    const [dns, world, ...others] = policy.egress;
    expect(others).toEqual([]);
    expect(dns?.ports.map(({ port }) => port)).toEqual([53, 53]);
    expect(world?.ports.map(({ port }) => port)).toEqual([443, config.link.port]);
    expect(world?.to.map(({ ipBlock }) => ipBlock)).toEqual([
      { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'] },
    ]);
  });

  it('shows the metrics to the Prometheus operator', () => {
    const { selector, endpoints } = read<ServiceMonitor>('service-monitor.yaml').spec;
    expect(adminService.metadata.labels).toMatchObject(selector.matchLabels);
    expect(publicService.metadata.labels).not.toMatchObject(selector.matchLabels);
    expect(endpoints).toMatchObject([{ port: 'admin', path: '/metrics' }]);
  });
});
