/** The profiles against what is known of the systems, as a table that people can read. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { PROFILES_PAGE, profilesPage } from '../../scripts/profiles-page.ts';
import { OLD_SOCKETS, type OldSocket } from '../../src/teardown/bind-rules.ts';
import { LINUX, OS_NAMES, PROFILES, withOverrides } from '../../src/teardown/profiles.ts';

const SECOND = 1e9;

test('each system has one, in the order of their names', () => {
  expect(PROFILES.map(({ name }) => name)).toEqual([...OS_NAMES]);
});

test.each([
  ['linux', 60, 62.1, 60],
  ['windows', 120, 240, 120],
  ['macos', 30, 30, 60],
  ['freebsd', 60, 60, 600],
  ['solaris', 60, 65, 60],
  ['rfc9293', 240, 240, null],
])('%s: TIME_WAIT %i s, at the latest %s s, FIN_WAIT_2 %s s', (name, timeWait, latest, finWait2) => {
  const profile = PROFILES.find((one) => one.name === name)!;
  expect(profile.timeWaitNs).toBe(timeWait * SECOND);
  expect(profile.timeWaitLatestNs).toBe(latest * SECOND);
  expect(profile.finWait2Ns).toBe(finWait2 === null ? null : finWait2 * SECOND);
});

test("a user's timers are exact, and the rest stays", () => {
  const own = withOverrides(LINUX, { timeWaitSeconds: 5, finTimeoutSeconds: 7 });
  expect(own).toEqual({ ...LINUX, timeWaitNs: 5e9, timeWaitLatestNs: 5e9, finWait2Ns: 7e9 });
  expect(withOverrides(LINUX, {})).toEqual(LINUX);
});

/** Columns: neither, newOnly, oldOnly, both, bothReusePort. x fails, - works, ? not known. */
const BIND: Record<string, Record<OldSocket, string>> = {
  linux: { listening: 'xxxx-', bound: 'xxx--', connected: 'xxx--', 'time-wait': 'xxx--' },
  windows: { listening: 'xxx-?', bound: 'xxx-?', connected: '----?', 'time-wait': '----?' },
  macos: { listening: 'xxxx-', bound: 'xxxx-', connected: 'x-x--', 'time-wait': 'x-x--' },
  freebsd: { listening: 'xxxx-', bound: 'xxxx-', connected: 'x-x--', 'time-wait': 'x-x--' },
  solaris: { listening: 'xxxx?', bound: 'xxxx?', connected: 'x-x-?', 'time-wait': 'x-x-?' },
  rfc9293: { listening: '?????', bound: '?????', connected: '?????', 'time-wait': '?????' },
};

describe('when bind() fails', () => {
  test.each(PROFILES)('$name', ({ name, bind }) => {
    const sign = (fails: boolean | null) => (fails === null ? '?' : fails ? 'x' : '-');
    const table = OLD_SOCKETS.map((old) => {
      const { neither, newOnly, oldOnly, both, bothReusePort } = bind[old];
      return [old, [neither, newOnly, oldOnly, both, bothReusePort].map(sign).join('')];
    });
    expect(Object.fromEntries(table)).toEqual(BIND[name]);
  });
});

test(`${PROFILES_PAGE} is what the profiles say (npm run docs)`, () => {
  expect(readFileSync(new URL(`../../${PROFILES_PAGE}`, import.meta.url), 'utf8')).toBe(profilesPage());
});
