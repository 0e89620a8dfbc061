/** The page's program: all flows, their filter, and one flow at a time. What stands there without it stays right. */

import { render } from 'preact';
import { decodeFlows } from '../data/flows.ts';
import { decodeLadders } from '../data/ladders.ts';
import type { PageFacts } from '../page-facts.ts';
import { drawCharts } from './charts.ts';
import { enhance } from './enhance.tsx';
import { Explorer } from './explorer.tsx';
import { startTheme } from './theme.tsx';
import { unpacked } from './unpack.ts';

async function start(): Promise<void> {
  const explorer = document.getElementById('explorer');
  const facts = JSON.parse(document.getElementById('facts')?.textContent ?? '{}') as PageFacts;
  if (explorer === null) return;
  // Both are unpacked beside the page's own thread.
  const packed = [unpacked('flow-data'), unpacked('ladder-data')] as const;
  const flows = decodeFlows(await packed[0]);
  const ladders = decodeLadders(await packed[1]);
  render(<Explorer facts={facts} flows={flows} ladders={ladders} />, explorer);
  explorer.hidden = false;
  performance.mark('table-usable');
  enhance(facts);
  drawCharts(facts.charts);
  document.documentElement.classList.add('scripted');
}

startTheme();
void start();
