import fc from 'fast-check';

/** The same random inputs in every run, so that a red CI is a change's doing; FC_SEED=random, or a number, hunts on. */
const wanted = process.env['FC_SEED'];
if (wanted !== 'random') fc.configureGlobal({ seed: wanted === undefined ? 20_261_120 : Number(wanted) });
