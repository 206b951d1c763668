/** What a test has opened and must end, whatever happens to it: processes, servers, sockets, folders. */
type Ending = () => unknown;

const endings: Ending[] = [];

/** Runs `ending` at the next `endEverything()`, the newest first. */
export function atEnd(ending: Ending): void {
  endings.push(ending);
}

/** For `afterEach` (or `afterAll` where a suite shares what it opened). One ending that fails does not spare the others. */
export async function endEverything(): Promise<void> {
  const faults: unknown[] = [];
  for (let ending = endings.pop(); ending; ending = endings.pop()) {
    try {
      await ending();
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length > 0) throw new AggregateError(faults, 'a test left something that could not be ended');
}
