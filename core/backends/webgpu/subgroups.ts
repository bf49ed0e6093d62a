/**
 * Finds out whether invocations that are neighbours in a workgroup are neighbours in a subgroup too, which WGSL leaves
 * open: folds that tell each other their partial results need that.
 *
 * @module
 */

/** Invocations of the workgroup that is looked at. */
const INVOCATIONS = 256;

const CODE = `enable subgroups;
@group(0) @binding(0) var<storage, read_write> found: array<vec2u, ${INVOCATIONS}>;

@compute @workgroup_size(${INVOCATIONS})
fn main(
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) place: u32,
  @builtin(subgroup_size) size: u32,
) {
  found[local] = vec2u(place, size);
}
`;

/**
 * Returns how many invocations a subgroup of a device has at least, if they follow each other in the workgroup; 1 if
 * they do not, the device has none, or it fails at being asked.
 *
 * @param device The device.
 * @param least What the adapter says of the smallest; others may be larger.
 */
export async function subgroupSizeOf(
  device: GPUDevice,
  least: number | undefined,
): Promise<number> {
  if (!device.features.has("subgroups" as GPUFeatureName) || !least || least < 2) return 1;
  device.pushErrorScope("validation");
  const places = await ask(device).catch(() => undefined);
  const error = await device.popErrorScope().catch((error: unknown) => error);
  if (!places || error) return 1;
  for (let local = 0; local < INVOCATIONS; local++) {
    const [place, size] = places.subarray(2 * local);
    if (size < least || size % least !== 0 || place !== local % size) return 1;
  }
  return least;
}

/** The place and the subgroup's size of each invocation. */
async function ask(device: GPUDevice): Promise<Uint32Array> {
  const size = 8 * INVOCATIONS;
  const [found, copy] = [
    device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC }),
    device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST }),
  ];
  try {
    const pipeline = await device.createComputePipelineAsync({
      layout: "auto",
      compute: { module: device.createShaderModule({ code: CODE }), entryPoint: "main" },
    });
    const layout = pipeline.getBindGroupLayout(0);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    const entries = [{ binding: 0, resource: { buffer: found } }];
    pass.setBindGroup(0, device.createBindGroup({ layout, entries }));
    pass.dispatchWorkgroups(1);
    pass.end();
    encoder.copyBufferToBuffer(found, 0, copy, 0, size);
    device.queue.submit([encoder.finish()]);
    await copy.mapAsync(GPUMapMode.READ);
    return new Uint32Array(copy.getMappedRange().slice(0));
  } finally {
    found.destroy();
    copy.destroy();
  }
}
