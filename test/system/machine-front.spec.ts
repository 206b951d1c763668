/** Runs the contract of a machine's front over a real nginx with the shipped configuration. */
import { machineFrontContract } from '../contracts/machine-front.contract.js';
import { layOutMachine } from '../support/machine-files.js';
import { startMachineNginx } from '../support/machine-nginx.js';
import { requireProgram } from '../support/programs.js';

machineFrontContract('the machine’s nginx', async (userData, ollama) => {
  requireProgram('nginx', 'nginx');
  await startMachineNginx(layOutMachine(userData), ollama.port);
  return '127.0.0.1';
});
