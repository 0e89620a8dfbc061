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
  const flows = decodeFlows(await unpacked('flow-data'));
  const ladders = decodeLadders(await unpacked('ladder-data'));
  enhance(facts);
  render(<Explorer facts={facts} flows={flows} ladders={ladders} />, explorer);
  explorer.hidden = false;
  document.documentElement.classList.add('scripted');
  performance.mark('table-usable');
  drawCharts(facts.charts);
}

startTheme();
void start();
