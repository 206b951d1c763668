/** System suites (`npm run test:system`): real programs from Debian (nginx, cloud-init, shellcheck) and production builds. */
import shared from './jest.config.mjs';

const { displayName: _, ...project } = shared.projects[0];
export default { ...project, maxWorkers: 1, testTimeout: 300_000, testMatch: ['<rootDir>/test/system/**/*.spec.ts'] };
