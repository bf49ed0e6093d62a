/**
 * A Slurm of one node, this machine, for tests: its own ports, its own folder, gone afterwards.
 *
 * @module
 */

/** A running Slurm. */
export interface SlurmCluster {
  /** What clients find it by, in the variable `SLURM_CONF`. */
  readonly configuration: string;
  /** Ends it and removes its folder. */
  close(): Promise<void>;
}

const PROGRAMS: readonly string[] = ["slurmctld", "slurmd", "sbatch", "sinfo"];
/** Not all of them need be where commands are looked for: the first are for administrators. */
const FOLDERS: readonly string[] = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];

/** Path of one of Slurm's programs. */
function pathOf(program: string): string | undefined {
  return FOLDERS.map((folder) => `${folder}/${program}`).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/**
 * Whether Slurm's programs are here.
 *
 * @returns Whether a cluster can be started.
 */
export function hasSlurm(): boolean {
  return Deno.build.os === "linux" &&
    PROGRAMS.every((program) => pathOf(program) !== undefined);
}

/**
 * Starts a controller and a node, and waits until the node is idle.
 *
 * @returns The cluster; close it.
 * @throws {RangeError} When it does not come up.
 */
export async function startSlurm(): Promise<SlurmCluster> {
  const folder = await Deno.makeTempDir({ prefix: "slurm_" });
  const name = Deno.hostname().split(".")[0];
  const user = new TextDecoder().decode((await run("id", ["-un"])).stdout).trim();
  const configuration = `${folder}/slurm.conf`;
  await Deno.mkdir(`${folder}/state`);
  await Deno.mkdir(`${folder}/spool`);
  await Deno.writeTextFile(
    configuration,
    `ClusterName=test
SlurmctldHost=${name}(127.0.0.1)
SlurmUser=${user}
SlurmdUser=${user}
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmctldPort=${freePort()}
SlurmdPort=${freePort()}
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
SwitchType=switch/none
MpiDefault=none
SchedulerParameters=batch_sched_delay=0
NodeName=${name} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`,
  );
  const env = { SLURM_CONF: configuration };
  const children = [["slurmctld", "-D"], ["slurmd", "-D", "-N", name]].map(([program, ...args]) =>
    new Deno.Command(pathOf(program) ?? program, {
      args,
      env,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn()
  );
  const close = async () => {
    for (const child of children.toReversed()) {
      try {
        child.kill("SIGTERM");
      } catch {
        // It has ended by itself.
      }
      await child.status;
    }
    await Deno.remove(folder, { recursive: true });
  };
  for (let tries = 0; tries < 100; tries++) {
    const { stdout } = await run("sinfo", ["-h", "-o", "%T"], env);
    if (new TextDecoder().decode(stdout).trim() === "idle") return { configuration, close };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await close();
  throw new RangeError("Cannot start Slurm: its node is not idle after 20 s");
}

function run(program: string, args: readonly string[], env: Record<string, string> = {}) {
  return new Deno.Command(program, { args: [...args], env, stdin: "null" }).output();
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
