// Runs a peer from npm over the rows that peers.py wrote: node peers.mjs ENGINE FOLDER RUNS, one line of JSON on stdout.
// No run begins after 20 seconds.
//
// Rows become JavaScript objects before the clock starts, as both peers take them; the result is a list of row objects,
// kept. Sums by region are taken after the clock, for the comparison with the others.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [engine, folder, runs] = process.argv.slice(2);
const peers = createRequire(join(folder, "..", "package.json"));
const { pue, intensities } = JSON.parse(readFileSync(join(folder, "places.json"), "utf8")); // kg CO2e/kWh by region
const column = (name) => {
  const bytes = readFileSync(join(folder, name));
  return new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
};
const [region, energy, hour] = ["region.f64", "energy_kwh.f64", "hour.f64"].map(column);
const names = Object.keys(intensities);
const timestamp = (at) => new Date(3_600_000 * hour[at]);

function cloudCarbonFootprint() {
  const { ComputeEstimator, aggregateEstimatesByDay } = peers("@cloud-carbon-footprint/core");
  // one watt an hour and vCPU, times 1,000: its energy is then that of the row
  const constants = { minWatts: 0, maxWatts: 0, averageWatts: 1000, powerUsageEffectiveness: pue, replicationFactor: 1 };
  const grouped = new Map(names.map((name) => [name, []]));
  energy.forEach((kwh, at) => {
    grouped.get(names[region[at]]).push({
      timestamp: timestamp(at), cpuUtilizationAverage: 50, vCpuHours: kwh, usesAverageCPUConstant: false,
    });
  });
  const estimator = new ComputeEstimator();
  const estimated = () =>
    new Map([...grouped].map(([name, rows]) => [name, estimator.estimate(rows, name, intensities, constants)]));
  const summed = (found) =>
    Object.fromEntries([...found].map(([name, rows]) => [name, rows.reduce((sum, row) => sum + row.co2e, 0)]));
  const byDay = () => new Map([...estimated()].map(([name, rows]) => [name, Object.values(aggregateEstimatesByDay(rows))]));
  return { ccf: [estimated, summed], "ccf-days": [byDay, summed] };
}

function impactFramework() {
  const builtins = join(folder, "..", "node_modules/@grnsft/if/build/if-run/builtins/index.js");
  const { Coefficient, Multiply } = peers(builtins);
  const rows = Array.from(energy, (kwh, at) => ({
    timestamp: timestamp(at).toISOString(), duration: 3600, region: names[region[at]], energy: kwh,
    intensity: intensities[names[region[at]]],
  }));
  const none = { inputs: {}, outputs: {} };
  const overhead = Coefficient(
    { "input-parameter": "energy", coefficient: pue, "output-parameter": "facility-energy" }, none, {});
  const carbon = Multiply(
    { "input-parameters": ["facility-energy", "intensity"], "output-parameter": "carbon" }, none, {});
  const estimated = async () => carbon.execute(await overhead.execute(rows));
  const summed = (found) => {
    const sums = Object.fromEntries(names.map((name) => [name, 0]));
    for (const row of found) sums[row.region] += row.carbon;
    return sums;
  };
  return { if: [estimated, summed] };
}

const [run, summed] = (engine === "if" ? impactFramework() : cloudCarbonFootprint())[engine];
const seconds = [];
let found;
for (let at = 0, begun = Date.now(); at < Number(runs) && (!at || Date.now() - begun < 20_000); at++) {
  const start = process.hrtime.bigint();
  found = await run();
  seconds.push(Number(process.hrtime.bigint() - start) / 1e9);
}
console.log(JSON.stringify({ seconds, sums: summed(found), peak: process.resourceUsage().maxRSS / 1024 }));
