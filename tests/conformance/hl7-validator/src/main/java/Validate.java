import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirDefaultPolicyAdvisor;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r4.model.Resource;
import org.hl7.fhir.r5.utils.validation.IResourceValidator;
import org.hl7.fhir.r5.utils.validation.IValidationPolicyAdvisor.ReferenceDestinationType;
import org.hl7.fhir.r5.utils.validation.constants.ReferenceValidationPolicy;

/**
 * Validates resources with HL7's engine: {@code Validate DEFINITIONS ITEMS RESULTS THREADS}.
 *
 * <p>DEFINITIONS has a conformance resource a line; ITEMS a {@code {"name", "resource"}} a line; RESULTS gets,
 * in the order of the items, {@code {"name", "issues": [{"severity", "location", "messageId", "text"}]}} a line. The
 * context is loaded once for all. Nothing is fetched from anywhere: there is no terminology server.
 */
public final class Validate {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Validate() {}

  public static void main(String[] arguments) throws Exception {
    FhirValidator validator = validator(Path.of(arguments[0]));
    ExecutorService threads = Executors.newFixedThreadPool(Integer.parseInt(arguments[3]));
    try (BufferedReader items = Files.newBufferedReader(Path.of(arguments[1]));
        BufferedWriter results = Files.newBufferedWriter(Path.of(arguments[2]))) {
      List<Future<String>> made = new ArrayList<>();
      for (String line = items.readLine(); line != null; line = items.readLine()) {
        String item = line;
        made.add(threads.submit(() -> result(validator, item)));
      }
      for (Future<String> one : made) {
        results.write(one.get());
        results.newLine();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static FhirValidator validator(Path definitions) throws IOException {
    FhirContext context = FhirContext.forR4();
    PrePopulatedValidationSupport given = new PrePopulatedValidationSupport(context);
    IParser parser = context.newJsonParser();
    try (BufferedReader lines = Files.newBufferedReader(definitions)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        given.addResource((Resource) parser.parseResource(line));
      }
    }
    ValidationSupportChain chain =
        new ValidationSupportChain(
            given,
            new DefaultProfileValidationSupport(context),
            new CommonCodeSystemsTerminologyService(context),
            new InMemoryTerminologyServerValidationSupport(context),
            new SnapshotGeneratingValidationSupport(context));
    // R4, required bindings of a CodeableConcept: one of its codings is in the value set, not each of them.
    chain.setCodeableConceptValidationSuccessfulIfNotAllCodingsAreValid(true);
    FhirInstanceValidator engine = new FhirInstanceValidator(chain);
    // An extension or a profile that nobody defines is an error, as it is for our own check.
    engine.setAnyExtensionsAllowed(false);
    engine.setErrorForUnknownProfiles(true);
    // What a reference says that it points to is of that type, so that its type is checked without the target.
    engine.setValidatorResourceFetcher(new NamedTargets(chain));
    engine.setValidatorPolicyAdvisor(
        new FhirDefaultPolicyAdvisor() {
          @Override
          public ReferenceValidationPolicy policyForReference(
              IResourceValidator validator, Object at, String path, String url, ReferenceDestinationType type) {
            return ReferenceValidationPolicy.CHECK_TYPE_IF_EXISTS;
          }
        });
    return context.newValidator().registerValidatorModule(engine);
  }

  private static String result(FhirValidator validator, String line) throws IOException {
    JsonNode item = JSON.readTree(line);
    ObjectNode result = JSON.createObjectNode();
    result.set("name", item.get("name"));
    ArrayNode issues = result.putArray("issues");
    for (SingleValidationMessage message :
        validator.validateWithResult(item.get("resource").toString()).getMessages()) {
      ObjectNode issue = issues.addObject();
      issue.put("severity", message.getSeverity().getCode());
      issue.put("location", message.getLocationString());
      issue.put("messageId", message.getMessageId());
      issue.put("text", message.getMessage());
    }
    return JSON.writeValueAsString(result);
  }
}
