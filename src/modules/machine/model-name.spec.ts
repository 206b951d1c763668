import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fullModelName } from './model-name.js';

describe('fullModelName', () => {
  it.each([
    ['llama3', 'registry.ollama.ai/library/llama3:latest'],
    ['llama3:latest', 'registry.ollama.ai/library/llama3:latest'],
    ['LLAMA3:Latest', 'registry.ollama.ai/library/llama3:latest'],
    ['granite3.1-dense:8b', 'registry.ollama.ai/library/granite3.1-dense:8b'],
    ['someone/model', 'registry.ollama.ai/someone/model:latest'],
    ['registry.ollama.ai/library/llama3', 'registry.ollama.ai/library/llama3:latest'],
    ['hf.co/someone/Model-GGUF:Q4_K_M', 'hf.co/someone/model-gguf:q4_k_m'],
    ['localhost:5000/someone/model', 'localhost:5000/someone/model:latest'],
    ['localhost:5000/someone/model:7b', 'localhost:5000/someone/model:7b'],
    ['https://registry.ollama.ai/library/llama3:8b', 'registry.ollama.ai/library/llama3:8b'],
    ['llama3:', 'registry.ollama.ai/library/llama3:latest'],
  ])('%s is %s', (name, full) => {
    expect(fullModelName(name)).toBe(full);
  });

  it('of a full name is that name, and case never matters', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^([a-zA-Z0-9.-]{1,8}(:\d{1,4})?\/)?([\w-]{1,8}\/)?[\w.-]{1,8}(:[\w.-]{1,8})?$/),
        (name) => {
          expect(fullModelName(fullModelName(name))).toBe(fullModelName(name));
          expect(fullModelName(name.toUpperCase())).toBe(fullModelName(name));
        },
      ),
    );
  });
});
