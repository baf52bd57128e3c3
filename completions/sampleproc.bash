# bash completion for sampleproc
# Made by generate_docs; do not edit.
# What compgen makes of the current word; it fails when that is nothing.
_sampleproc_reply() {
  mapfile -t COMPREPLY < <(compgen "$@" -P "${prefix}" -- "${current}" || true)
}
_sampleproc() {
  local current=${COMP_WORDS[COMP_CWORD]} previous='' options='' prefix=''
  COMPREPLY=()
  if ((COMP_CWORD <= 1)); then
    _sampleproc_reply -W 'serve process-file validate-config loadtest health help --help --version'
    return
  fi
  previous=${COMP_WORDS[COMP_CWORD - 1]}
  # --option=value is three words, and two while nothing follows the sign; one where
  # COMP_WORDBREAKS has no such sign.
  if [[ ${current} == '=' ]]; then
    current=''
  elif [[ ${previous} == '=' ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ ${current} == --*=* ]]; then
    previous=${current%%=*}
    prefix="${previous}="
    current=${current#*=}
  fi
  case ${COMP_WORDS[1]} in
    help)
      _sampleproc_reply -W 'serve process-file validate-config loadtest health help'
      return
      ;;
    serve)
      options='--host --port --config -c --set --help -h'
      ;;
    process-file)
      options='--recursive -r --files-from --null -0 --requests --raw --camera --jobs -j --fail-fast --max-failures --resume --output -o --append --quiet -q --format --timings --annotate --events --compare --diff-html --pipeline --config -c --set --help -h'
      ;;
    validate-config)
      options='--strict --production --online --format --explain --print-effective --diff --with --from-env --offline --set --help -h'
      ;;
    loadtest)
      options='--target --via --path --method --body --header -H --host --token-file --ca --unix-socket --allow-target --frames --raw --form --hostile --golden --rate --stages --arrivals --arrivals-file --cameras --fps --closed --connections -c --duration --requests --timeout --settle --no-keep-alive --threads --seed --audit --production --origin --burst --pid --fail --abort-on-fail --find-capacity --baseline --max-send-lag --during --no-server-metrics --json --html --percentiles --series --junit --quiet -q --config --set --help -h'
      ;;
    health)
      options='--probe --wait --json --host --port --config -c --set --help -h'
      ;;
    *) ;;
  esac
  case "${COMP_WORDS[1]} ${previous}" in
    'process-file --format')
      _sampleproc_reply -W 'ndjson table'
      return
      ;;
    'process-file --annotate')
      compopt -o filenames
      _sampleproc_reply -d
      return
      ;;
    'process-file --pipeline')
      prefix+=${current%"${current##*,}"}
      current=${current##*,}
      _sampleproc_reply -W 'stats motion people faces cascade track objects'
      return
      ;;
    'validate-config --format')
      _sampleproc_reply -W 'text json github'
      return
      ;;
    'loadtest --via')
      _sampleproc_reply -W 'http redis'
      return
      ;;
    'loadtest --frames')
      compopt -o filenames
      _sampleproc_reply -d
      return
      ;;
    'loadtest --form')
      _sampleproc_reply -W 'json binary multipart'
      return
      ;;
    'loadtest --arrivals')
      _sampleproc_reply -W 'constant poisson'
      return
      ;;
    'health --probe')
      _sampleproc_reply -W 'health live ready startup'
      return
      ;;
    'serve --host' | \
      'serve --port' | \
      'process-file --raw' | \
      'process-file --camera' | \
      'process-file --jobs' | 'process-file -j' | \
      'process-file --max-failures' | \
      'validate-config --explain' | \
      'loadtest --target' | \
      'loadtest --path' | \
      'loadtest --method' | \
      'loadtest --header' | 'loadtest -H' | \
      'loadtest --host' | \
      'loadtest --unix-socket' | \
      'loadtest --allow-target' | \
      'loadtest --raw' | \
      'loadtest --hostile' | \
      'loadtest --rate' | \
      'loadtest --stages' | \
      'loadtest --cameras' | \
      'loadtest --fps' | \
      'loadtest --connections' | 'loadtest -c' | \
      'loadtest --duration' | \
      'loadtest --requests' | \
      'loadtest --timeout' | \
      'loadtest --settle' | \
      'loadtest --threads' | \
      'loadtest --seed' | \
      'loadtest --origin' | \
      'loadtest --burst' | \
      'loadtest --pid' | \
      'loadtest --fail' | \
      'loadtest --find-capacity' | \
      'loadtest --max-send-lag' | \
      'loadtest --during' | \
      'health --wait' | \
      'health --host' | \
      'health --port')
      return
      ;;
    *) ;;
  esac
  if [[ ${previous} == --set ]]; then
    compopt -o nospace
    _sampleproc_reply -W 'http.host= http.port= http.unix_socket= http.unix_socket_mode= http.tls_cert= http.tls_key= http.io_threads= http.allowed_hosts= http.cors_origins= http.cors_credentials= http.max_requests_per_minute= http.trusted_proxies= http.auth_tokens_file= http.console= http.access_log= http.max_request_bytes= http.max_frame_data_chars= http.max_metadata_bytes= http.max_json_depth= http.max_json_nodes= http.max_head_bytes= http.max_fields= http.max_target_bytes= http.max_connections= http.max_connections_per_client= http.max_requests_per_connection= http.header_timeout= http.body_timeout= http.body_min_rate= http.body_rate_grace= http.tls_handshake_timeout= http.write_timeout= http.write_min_rate= http.idle_timeout= http.request_deadline= api.max_batch_frames= codec.max_frame_bytes= codec.max_jpeg_scans= codec.deadline= process.pipeline= process.detection_threshold= process.model_dir= process.onnxruntime= process.workers= process.queue_depth= process.deadline= process.budget_patience= process.batch_size= process.working_pixels= process.heavy_pixels= process.heavy_patience= process.delay= process.simulate_gpu= process.prefer_gpu= process.faces.min_size= process.motion.max_cameras= process.motion.cameras= process.motion.camera_idle= process.people.when= process.cascade.file= process.cascade.name= process.cascade.scale= process.cascade.min_neighbours= process.cascade.min_size= process.track.classes= process.track.min_hits= process.track.lost_after= process.track.stationary_after= process.track.weak_threshold= detector.objects.model= detector.objects.sha256= detector.objects.layout= detector.objects.labels= detector.objects.classes= detector.objects.threshold= detector.objects.nms= detector.objects.when= detector.objects.runtime= resources.memory_limit= consumer.enabled= consumer.source= consumer.processor_id= consumer.orchestrator_url= consumer.capabilities= consumer.capacity= consumer.batch_size= consumer.poll_interval= consumer.max_retries= consumer.backoff= consumer.health_check_interval= consumer.silent_after= consumer.policy= consumer.max_age= consumer.no_pixels= consumer.storage_root= consumer.max_pixel_bytes= consumer.fetches= consumer.fetch_timeout= consumer.max_waiting= consumer.frame_url_hosts= consumer.sinks= consumer.deliver= consumer.sink_buffer= consumer.http.url= consumer.http.spool= consumer.http.spool_dir= consumer.http.spool_max_bytes= consumer.redis.url= consumer.redis.host= consumer.redis.port= consumer.redis.username= consumer.redis.password_file= consumer.redis.db= consumer.redis.tls= consumer.redis.tls_ca_file= consumer.redis.stream= consumer.redis.group= consumer.redis.delete= consumer.redis.claim_idle= consumer.redis.max_deliveries= consumer.redis.results_stream= consumer.redis.events_stream= consumer.redis.dlq_stream= consumer.redis.dlq_max_bytes= consumer.file.path= consumer.file.max_bytes= consumer.file.keep= consumer.webhook.url= events.history= events.history_age= events.history_bytes= events.snapshots= events.snapshots_max_age= events.snapshots_max_bytes= events.snapshots_max_files= events.clips= events.clip_before= events.clip_after= events.clip_max= events.clip_memory= events.clip_camera_memory= events.clips_max_age= events.clips_max_bytes= events.clips_max_files= mqtt.url= mqtt.username= mqtt.password_file= mqtt.ca= mqtt.client_id= mqtt.topic= mqtt.keepalive= mqtt.discovery= mqtt.discovery_prefix= mqtt.snapshots= net.pool_size= net.connect_timeout= net.read_timeout= net.dns_ttl= telemetry.log_level= telemetry.log_format= telemetry.statistics_interval= telemetry.metrics= telemetry.tracing= telemetry.traces_exporter= telemetry.sdk_disabled= telemetry.otlp_endpoint= telemetry.otlp_traces_endpoint= telemetry.otlp_protocol= telemetry.otlp_headers= telemetry.otlp_ca_file= telemetry.otlp_timeout= telemetry.sampler= telemetry.sample_ratio= telemetry.resource_attributes= telemetry.span_queue= telemetry.span_batch= telemetry.span_delay= telemetry.span_timeout= service.name= service.version= service.shutdown_timeout= service.drain_delay= service.stuck_after= service.exit_when_stuck='
  elif [[ ${current} == -* ]]; then
    _sampleproc_reply -W "${options}"
  else
    compopt -o filenames
    _sampleproc_reply -f
  fi
}
complete -F _sampleproc sampleproc
