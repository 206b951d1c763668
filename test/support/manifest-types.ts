/** The fields of Kubernetes' objects that test/system/manifests.spec.ts looks at; the schemas know the others. */
export interface Named {
  kind: string;
  metadata: { name: string; namespace?: string; labels: Record<string, string> };
}

export interface Kustomization {
  resources: string[];
  images: { name: string; newName: string }[];
}

export interface ConfigMap extends Named {
  data: Record<string, string>;
}

interface Selector {
  matchLabels: Record<string, string>;
}

export interface Deployment extends Named {
  spec: { replicas: number; strategy: { type: string }; selector: Selector; template: { spec: PodSpec } };
}

interface PodSpec {
  automountServiceAccountToken: boolean;
  enableServiceLinks: boolean;
  securityContext: object;
  terminationGracePeriodSeconds: number;
  containers: [Container];
  volumes: { name: string; secret?: { secretName: string } }[];
}

interface Container {
  image: string;
  env: { name: string; value: string }[];
  envFrom: object[];
  ports: { name: string; containerPort: number }[];
  securityContext: object;
  volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
  startupProbe: Probe;
  readinessProbe: Probe;
  livenessProbe: Probe;
}

interface Probe {
  httpGet: { path: string; port: string };
  periodSeconds: number;
  failureThreshold: number;
}

export interface Service extends Named {
  spec: { type: string; selector: object; ports: object[] };
}

export interface Ingress extends Named {
  spec: { rules: { http: { paths: { backend: { service: object } }[] } }[] };
}

export interface HttpRoute extends Named {
  spec: { rules: { backendRefs: object[] }[] };
}

interface Peer {
  namespaceSelector?: Selector;
  ipBlock?: { cidr: string; except?: string[] };
}

export interface NetworkPolicy extends Named {
  spec: {
    podSelector: object;
    policyTypes: string[];
    ingress: { from: Peer[]; ports: { port: string }[] }[];
    egress: { to: Peer[]; ports: { port: number }[] }[];
  };
}

export interface ServiceMonitor extends Named {
  spec: { selector: Selector; endpoints: object[] };
}
